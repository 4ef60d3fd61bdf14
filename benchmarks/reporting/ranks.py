"""Ranks of methods over tasks and seeds, with the difference that can be told from chance."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.stats import friedmanchisquare, rankdata, studentized_range

from benchmarks.harness.results import Results
from benchmarks.reporting.figures import save
from benchmarks.reporting.styles import describe_provenance, styles
from benchmarks.reporting.traces import collect

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """Mean ranks of the final test accuracies; 1 is best.

    A block is one seed on one task, and all methods of a block have had the same budget.

    Args:
        names: The methods, best first.
        mean: Array of shape (n_methods,): their mean ranks.
        n_blocks: Blocks that every method has been run on.
        p_value: Of Friedman's test that all methods are equal; None where there are fewer than
            three methods.
        critical_difference: Mean ranks that differ by less are not told apart (Nemenyi).
    """

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    n_blocks: int
    p_value: float | None
    critical_difference: float

    def to_json(self) -> dict[str, Any]:
        """For the summary."""
        return {
            "mean_rank": dict(zip(self.names, self.mean.tolist(), strict=True)),
            "n_blocks": self.n_blocks,
            "friedman_p": self.p_value,
            "critical_difference": self.critical_difference,
            "alpha": ALPHA,
        }


def rank(comparisons: Sequence[Results]) -> Ranks | None:
    """Rank the methods that all comparisons share, over the seeds that all of them were run with.

    Returns:
        None where there are fewer than two methods or two blocks.

    References:
        Friedman (1937), The use of ranks to avoid the assumption of normality. Nemenyi (1963),
        Distribution-free multiple comparisons. Demsar (2006), Statistical comparisons of
        classifiers over multiple data sets, section 3.2.2: the critical difference of k methods
        over N blocks is q sqrt(k (k + 1) / (6 N)), q the quantile of the studentized range with
        infinite degrees of freedom over sqrt(2).
    """
    tables = [collect(results) for results in comparisons]
    names = [name for name in tables[0] if all(name in table for table in tables)]
    blocks = []
    for table in tables:
        finals = {
            name: {t.seed: float(t.test_score[-1]) for t in table[name].traces} for name in names
        }
        shared = set.intersection(*(set(by_seed) for by_seed in finals.values())) if names else ()
        blocks += [[finals[name][seed] for name in names] for seed in sorted(shared)]
    n_blocks, n_methods = len(blocks), len(names)
    if n_blocks < 2 or n_methods < 2:
        return None
    accuracies = np.array(blocks)
    mean = rankdata(-accuracies, axis=1).mean(axis=0)
    order = np.argsort(mean, kind="stable")
    # Demsar (2006), table 5
    q = studentized_range.ppf(1.0 - ALPHA, n_methods, np.inf) / np.sqrt(2.0)
    # Friedman's statistic divides by what ranks vary, which is nothing where all are tied
    differ = bool((accuracies != accuracies[:, :1]).any())
    return Ranks(
        names=tuple(names[i] for i in order),
        mean=mean[order],
        n_blocks=n_blocks,
        p_value=float(friedmanchisquare(*accuracies.T).pvalue)
        if n_methods > 2 and differ
        else None,
        critical_difference=float(q * np.sqrt(n_methods * (n_methods + 1) / (6.0 * n_blocks))),
    )


def draw_ranks(ranks: Ranks, comparisons: Sequence[Results], path: Path) -> None:
    """Mean ranks with bars of half the critical difference to each side; ``path`` has no suffix.

    Two methods whose bars do not overlap are told apart. One method a row, so that it reads as well
    on a phone as on paper; PNG and SVG.
    """
    n_methods = len(ranks.names)
    figure = Figure(figsize=(4.6, 1.5 + 0.21 * n_methods), layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    drawn = styles(comparisons)
    half = 0.5 * ranks.critical_difference
    for row, (name, mean) in enumerate(zip(ranks.names, ranks.mean.tolist(), strict=True)):
        ends = [max(1.0, mean - half), min(float(n_methods), mean + half)]
        panel.plot(ends, [row, row], color=drawn[name].colour, linewidth=2.2, alpha=0.6)
        panel.plot([mean], [row], "o", color=drawn[name].colour, markersize=5)
    best = min(float(n_methods), float(ranks.mean[0]) + half)
    panel.axvline(best, color="0.6", linewidth=0.8, linestyle=(0, (1, 2)), zorder=0)
    labels = [
        f"{name}  {mean:.1f}" for name, mean in zip(ranks.names, ranks.mean.tolist(), strict=True)
    ]
    panel.set_yticks(range(n_methods), labels, fontsize=8)
    for label, name in zip(panel.get_yticklabels(), ranks.names, strict=True):
        label.set_fontweight("bold" if drawn[name].dash == "-" else "normal")
    panel.set_ylim(n_methods - 0.4, -0.6)
    panel.set_xlim(0.7, n_methods + 0.3)
    panel.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="x", color="0.92", linewidth=0.6)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.set_xlabel(
        f"mean rank of the final test accuracy, 1 is best\n"
        f"{ranks.n_blocks} studies each; critical difference {ranks.critical_difference:.2f}\n"
        f"(Nemenyi, {ALPHA:.0%}); energy-aware methods in bold",
        fontsize=8,
    )
    sources = "; ".join(
        f"{results.header.task}: {describe_provenance(results.header.provenance)}"
        for results in comparisons
    )
    figure.suptitle("\n".join(textwrap.wrap(sources, 66)), fontsize=7, color="0.35")
    save(figure, path)
