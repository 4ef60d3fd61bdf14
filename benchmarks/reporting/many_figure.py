"""The mean regret over many tasks as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.harness.results import Results
from benchmarks.reporting.figures import add_legend, save
from benchmarks.reporting.many import mean_regrets
from benchmarks.reporting.styles import highlighted, styles
from benchmarks.reporting.traces import collect

_N_GRID = 120
_FIRST = 0.03
"""Part of the budget where the figure begins: one training of thirty."""


def draw_mean_regret(comparisons: Sequence[Results], path: Path) -> bool:
    """Mean regret over the part of the budget, with 95 % intervals over tasks and seeds.

    Args:
        comparisons: The tasks.
        path: File without its suffix; ``.png`` and ``.svg`` are written.

    Returns:
        Whether there was anything to draw: all values must be accuracies.
    """
    grid = np.geomspace(_FIRST, 1.0, _N_GRID)
    found = mean_regrets(comparisons, [collect(results) for results in comparisons], grid)
    if not found:
        return False
    drawn, shown = styles(comparisons), highlighted(comparisons)
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    panel, handles = figure.subplots(), {}
    for name in (name for name in shown if name in found):
        style, regret = drawn[name], found[name]
        (handles[name],) = panel.plot(
            100.0 * grid,
            regret.mean,
            linestyle=style.dash,
            color=style.colour,
            linewidth=style.width,
        )
        panel.fill_between(
            100.0 * grid, regret.low, regret.high, color=style.colour, alpha=0.12, linewidth=0
        )
    panel.set_xscale("log")
    panel.set_yscale("log")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_locator(NullLocator())
    panel.set_xlim(100.0 * _FIRST, 100.0)
    panel.set_xlabel("Energy of the study (% of the budget)")
    panel.set_ylabel("Mean regret (percentage points)")
    panel.set_title(
        f"{len(comparisons)} tasks: mean over tasks and studies, and 95 % intervals", fontsize=9
    )
    panel.grid(which="major", color="0.9", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    add_legend(figure, handles, 4)
    save(figure, path)
    return True
