"""The paper's two figures in form: accuracy over search energy on linear axes.

Which methods they show, a method's file says by its ``PAPER_PLACE``.

References:
    Dou et al. (2023), EA-HAS-Bench, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from benchmarks.harness.results import Results
from benchmarks.methods import Declaration, all_declared
from benchmarks.reporting.axes import axis_unit
from benchmarks.reporting.figures import add_legend, save, title
from benchmarks.reporting.styles import Style, bands, styles
from benchmarks.reporting.traces import collect, reference_score


def draw_paper(comparisons: Sequence[Results], folder: Path) -> list[str]:
    """Draw both figures.

    ``paper_methods`` has the paper's plain methods, ``paper_energy_aware`` its energy-aware ones
    beside the plain ones that they come from.

    Returns:
        The names drawn; a figure whose methods are not on all tasks is left out, and both where
        a task is not judged by an accuracy.
    """
    if not all(results.header.judged_by.is_accuracy for results in comparisons):
        return []
    shared = set.intersection(*(set(collect(results)) for results in comparisons))
    drawn = styles(comparisons)
    plain, aware = _of_the_paper(energy_aware=False), _of_the_paper(energy_aware=True)
    figures = {
        "paper_methods": {m.name: drawn[m.name] for m in plain if m.name in shared},
        "paper_energy_aware": {
            name: drawn[name]
            for method in aware
            for name in (method.plain, method.name)
            if name in drawn
        },
    }
    needed = {
        "paper_methods": {m.name for m in plain},
        "paper_energy_aware": {n for m in aware for n in (m.plain, m.name) if n is not None},
    }
    names = [name for name in figures if needed[name] <= shared]
    for name in names:
        _draw_accuracy(comparisons, folder / name, figures[name])
    return names


def _of_the_paper(*, energy_aware: bool) -> list[Declaration]:
    places = {
        said.paper_place: said
        for said in all_declared().values()
        if said.paper_place is not None and said.energy_aware == energy_aware
    }
    return [places[place] for place in sorted(places)]


def _draw_accuracy(comparisons: Sequence[Results], path: Path, drawn: Mapping[str, Style]) -> None:
    n_panels = len(comparisons)
    figure = Figure(figsize=(6.4 if n_panels == 1 else 4.6 * n_panels, 3.9), layout="constrained")
    FigureCanvasAgg(figure)
    handles: dict[str, Any] = {}
    panels = figure.subplots(1, n_panels, squeeze=False)[0]
    for panel, results in zip(panels, comparisons, strict=True):
        unit, best = axis_unit(results, "kwh"), reference_score(results)
        budget = results.header.budget_kwh * unit.per
        lowest = []
        for name, style in drawn.items():
            band = bands(results, "kwh")[name]
            low, median, high = (100.0 * (best - r) for r in (band.high, band.median, band.low))
            x = band.grid * unit.per
            (handles[name],) = panel.step(
                x,
                median,
                where="post",
                color=style.colour,
                linestyle=style.dash,
                linewidth=style.width,
            )
            panel.fill_between(
                x, low, high, step="post", color=style.colour, alpha=0.1, linewidth=0
            )
            early = int(np.searchsorted(x, 0.15 * budget, side="right")) - 1
            lowest.append(low[max(0, early)])
        panel.set_xlim(0.0, budget)
        panel.set_ylim(bottom=min(lowest))  # the steep start does not flatten the rest
        panel.xaxis.set_major_locator(MaxNLocator(5, steps=(1, 2, 5, 10)))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.set_xlabel(unit.label)
        panel.set_title(title(results), fontsize=9)
        panel.grid(color="0.9", linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("Test accuracy of the incumbent (%)")
    add_legend(figure, handles, 6)
    save(figure, path)
