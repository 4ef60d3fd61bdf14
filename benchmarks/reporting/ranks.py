"""Ranks of methods over tasks and seeds, and the critical-difference diagram."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
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

    def groups(self) -> list[tuple[int, int]]:
        """First and last position of each longest run of methods that are not told apart."""
        runs: list[tuple[int, int]] = []
        for first, rank in enumerate(self.mean):
            last = int(np.flatnonzero(self.mean <= rank + self.critical_difference)[-1])
            if last > first and (not runs or last > runs[-1][1]):
                runs.append((first, last))
        return runs

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
    """The critical-difference diagram, as PNG and SVG; ``path`` has no suffix."""
    n_methods, groups = len(ranks.names), ranks.groups()
    n_left = (n_methods + 1) // 2
    depth = 1.0 + 0.45 * len(groups) + 0.8 * n_left
    figure = Figure(figsize=(8.6, 1.0 + 0.36 * depth), layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    panel.set_axis_off()
    colours = {name: style.colour for name, style in styles(comparisons).items()}
    low, high = 1.0, float(n_methods)
    margin = 0.5 * (high - low)  # for the names
    panel.set_xlim(low - margin, high + margin)
    panel.set_ylim(depth, -2.1)
    panel.plot([low, high], [0, 0], color="black", linewidth=1)
    for tick in range(1, n_methods + 1, 1 if n_methods <= 15 else 2):
        panel.plot([tick, tick], [0, -0.2], color="black", linewidth=1)
        panel.text(tick, -0.3, str(tick), ha="center", va="bottom", fontsize=8)
    shown = min(ranks.critical_difference, high - low)  # a few studies tell no two apart
    panel.plot([low, low + shown], [-1.2, -1.2], color="black", linewidth=2)
    panel.text(
        low,
        -1.4,
        f"critical difference {ranks.critical_difference:.2f} (Nemenyi, {ALPHA:.0%}), "
        f"{ranks.n_blocks} studies each",
        va="bottom",
        fontsize=8,
    )
    for level, (first, last) in enumerate(groups):
        y = 0.45 + 0.45 * level
        ends = [ranks.mean[first] - 0.02 * (high - low), ranks.mean[last] + 0.02 * (high - low)]
        panel.plot(ends, [y, y], color="black", linewidth=3, solid_capstyle="round")
    for position, name in enumerate(ranks.names):
        left = position < n_left
        row = position if left else n_methods - 1 - position
        y = 1.0 + 0.45 * len(groups) + 0.8 * row
        x, end = ranks.mean[position], low - 0.04 if left else high + 0.04
        panel.plot([x, x, end], [0, y, y], color=colours[name], linewidth=1.2)
        panel.text(
            end + (-0.03 if left else 0.03) * (high - low),
            y,
            f"{name} ({x:.2f})",
            ha="right" if left else "left",
            va="center",
            fontsize=9,
            color=colours[name],
        )
    sources = "; ".join(
        f"{results.header.task}: {describe_provenance(results.header.provenance)}"
        for results in comparisons
    )
    figure.supxlabel("\n".join(textwrap.wrap(sources, 110)), fontsize=7, color="0.35")
    save(figure, path)
