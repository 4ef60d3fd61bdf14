"""Figures and tables of comparisons of fronts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.harness.results import Results
from benchmarks.reporting.figures import add_legend, save
from benchmarks.reporting.fronts import (
    FRACTIONS,
    TRAINING,
    Box,
    FrontSummary,
    front_rows,
    mean_ranks,
    overall_ratios,
    rows_by_study,
)
from benchmarks.reporting.ratios import Ratio
from benchmarks.reporting.styles import Style, styles
from benchmarks.reporting.tables import Table, bounded
from benchmarks.reporting.traces import Floats

_N_GRID = 160
_COLUMNS = 3


def draw_volumes(
    comparisons: Sequence[Results], summaries: Sequence[FrontSummary], path: Path
) -> None:
    """Volume of the front over the energy of the study: median and quartiles, a panel per task."""
    figure, panels = _panels(len(comparisons))
    drawn = styles(comparisons)
    handles: dict[str, Any] = {}
    for panel, one in zip(panels, summaries, strict=True):
        grid = np.linspace(0.02, 1.0, _N_GRID) * one.budget_kwh
        for name, method in one.methods.items():
            at = np.nan_to_num(np.array([trace.at(grid) for trace in method.traces]))
            low, median, high = np.quantile(at, [0.25, 0.5, 0.75], axis=0)
            style, share = drawn[name], 100.0 * grid / one.budget_kwh
            handles[name] = _line(panel, share, median, style)
            panel.fill_between(share, low, high, color=style.colour, alpha=0.12, linewidth=0)
        panel.axhline(
            one.methods[one.plain].target,
            color="black",
            linewidth=0.8,
            linestyle=(0, (1, 2)),
        )
        panel.set_title(one.task, fontsize=9)
        panel.set_xlabel("Energy of the study (% of its budget)")
    panels[0].set_ylabel("Volume of the front")
    add_legend(figure, handles, 7)
    save(figure, path)


def draw_attained(comparisons: Sequence[Results], path: Path) -> None:
    """What half of the studies have reached in the end: the median attainment curve of the fronts.

    References:
        Fonseca and Fleming (1996), On the performance assessment and comparison of stochastic
        multiobjective optimizers.
    """
    figure, panels = _panels(len(comparisons))
    drawn = styles(comparisons)
    handles: dict[str, Any] = {}
    for panel, results in zip(panels, comparisons, strict=True):
        box = Box.of(results)
        grid = np.geomspace(box.least_kwh, box.most_kwh, _N_GRID)
        for name, studies in rows_by_study(results).items():
            curve = attained([front_rows(rows, box) for rows in studies.values()], box, grid)
            handles[name] = _line(panel, grid, 100.0 * curve, drawn[name])
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda kwh, _: f"{kwh:g}"))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_ylim(bottom=100.0 * box.least_accuracy)
        panel.set_title(results.header.task, fontsize=9)
        of = "training" if box.energy == TRAINING else "a pass of inference"
        panel.set_xlabel(f"Energy of {of} (kWh)")
    panels[0].set_ylabel("Test accuracy (%)")
    add_legend(figure, handles, 7)
    save(figure, path)


def attained(fronts: Sequence[Sequence[Any]], box: Box, grid: Floats, share: float = 0.5) -> Floats:
    """Test accuracy that this share of the studies has for at most so much energy.

    NaN where fewer studies have anything so cheap.
    """
    curves = np.full((len(fronts), len(grid)), -np.inf)
    for curve, front in zip(curves, fronts, strict=True):
        for row in front:
            enough = grid >= box.energy_of(row)
            curve[enough] = np.maximum(curve[enough], row.test_metric)
    kept = np.sort(curves, axis=0)[::-1][int(np.ceil(share * len(fronts))) - 1]
    return np.where(np.isfinite(kept), kept, np.nan)


def front_tables(summaries: Sequence[FrontSummary]) -> list[Table]:
    """One table per task, and one over all where there are several."""
    tables = [_table(one) for one in summaries]
    if len(summaries) > 1:
        tables.insert(0, _overall(summaries))
    return tables


def _table(one: FrontSummary) -> Table:
    rows = []
    for name in sorted(one.methods, key=lambda n: -one.medians(n)[-1]):
        cells = [f"{volume:.3f}" for volume in one.medians(name)]
        rows.append([name, str(len(one.methods[name].traces)), *cells, _ratio(one.ratios[name])])
    return Table(
        caption=(
            f"{one.task}: median volume of the front at parts of the budget of "
            f"{one.budget_kwh:.3g} kWh, and energy to the final median of {one.plain}, over "
            "its own (95 % bootstrap interval)."
        ),
        columns=["method", "studies", *(f"{100 * f:g} %" for f in FRACTIONS), "energy"],
        rows=rows,
        marked=frozenset(n for n, m in one.methods.items() if m.energy_aware),
    )


def _overall(summaries: Sequence[FrontSummary]) -> Table:
    ratios, ranks = overall_ratios(summaries), mean_ranks(summaries)
    rows = [
        [name, f"{ranks[name]:.2f}" if name in ranks else "", _ratio(ratios[name])]
        for name in sorted(ratios, key=lambda n: (ranks.get(n, np.inf), n))
    ]
    return Table(
        caption=(
            f"All {len(summaries)} tasks: mean rank of the final volumes (1 is best), and energy "
            "to the final median of each task's best plain method, over its own: geometric mean "
            "(95 % bootstrap interval)."
        ),
        columns=["method", "mean rank", "energy"],
        rows=rows,
    )


def _ratio(ratio: Ratio) -> str:
    value, low, high = bounded(ratio.to_json(), unknown="> ")
    return f"{value} ({low} to {high})"


def _panels(n: int) -> tuple[Figure, list[Axes]]:
    columns = min(n, _COLUMNS)
    n_rows = -(-n // columns)
    figure = Figure(figsize=(4.4 * columns + 1.4, 3.2 * n_rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(n_rows, columns, squeeze=False).ravel())
    for panel in panels[n:]:
        panel.set_axis_off()
    for panel in panels[:n]:
        panel.grid(which="major", color="0.9", linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    return figure, panels[:n]


def _line(panel: Axes, x: Floats, y: Floats, style: Style) -> Any:
    (line,) = panel.step(
        x, y, where="post", linestyle=style.dash, color=style.colour, linewidth=style.width
    )
    return line


def as_json(summaries: Sequence[FrontSummary]) -> Mapping[str, Any]:
    """Everything that the tables show, for fronts.json."""
    found: dict[str, Any] = {"tasks": [one.to_json() for one in summaries]}
    if len(summaries) > 1:
        ratios = overall_ratios(summaries)
        found["mean_rank"] = mean_ranks(summaries)
        found["energy_to_best_plain"] = {name: r.to_json() for name, r in ratios.items()}
    return found
