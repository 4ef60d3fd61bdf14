"""Figures of a comparison for papers: PNG and SVG through matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from benchmarks.harness.results import Results
from benchmarks.harness.rows import Header
from benchmarks.reporting.ablation import ablated
from benchmarks.reporting.axes import AxisUnit, axis_unit
from benchmarks.reporting.many import short_names
from benchmarks.reporting.scale import scale_of
from benchmarks.reporting.styles import (
    GROUPS,
    Band,
    Style,
    all_methods,
    bands,
    describe_provenance,
    group_of,
    highlighted,
    styles,
)
from benchmarks.reporting.traces import collect, reference_score

NARROW = "_narrow"
"""Added to the name of a figure whose panels stand below each other, for a phone."""
_MOST_WIDE = 4
"""Panels beside each other; more stand in further rows."""
_TARGET = "final median of the best plain method"


def draw_regret(
    comparisons: Sequence[Results],
    path: Path,
    *,
    axis: str = "kwh",
    targets: Sequence[float | None],
    narrow: bool = False,
) -> None:
    """Test regret over cumulative energy (or time) with quartile bands, one panel per task.

    Where there are too many methods to be told apart, the main ones; :func:`draw_all` has all.

    Args:
        comparisons: One per panel.
        path: File without its suffix; ``.png`` and ``.svg`` are written.
        targets: Test value to mark in each panel, or None.
        axis: ``"kwh"`` or ``"runtime_s"``.
        narrow: Panels below each other, and only ``.png``.
    """
    names = highlighted(comparisons)
    if narrow:
        _draw_below(names, comparisons, path, axis=axis, targets=targets)
    else:
        _draw([names], comparisons, path, axis=axis, targets=targets, banded=True)


def draw_all(
    comparisons: Sequence[Results],
    path: Path,
    *,
    axis: str = "kwh",
    targets: Sequence[float | None],
) -> None:
    """The medians of all methods: a row each for the plain, the energy-aware and the ablations.

    The method that the ablations are of is in every row. Arguments as for :func:`draw_regret`.
    """
    methods, whole = all_methods(comparisons), ablated()
    rows = [[n for n, m in methods.items() if group_of(n, m) == group] for group in GROUPS]
    rows = [[*(n for n in row if n != whole), *(n for n in methods if n == whole)] for row in rows]
    rows = [row for row in rows if row and row != [whole]]
    _draw(rows, comparisons, path, axis=axis, targets=targets, banded=False)


def _draw(
    rows: Sequence[Sequence[str]],
    comparisons: Sequence[Results],
    path: Path,
    *,
    axis: str,
    targets: Sequence[float | None],
    banded: bool,
) -> None:
    """One row of panels per set of names, each with its own legend."""
    n_panels, drawn = len(comparisons), styles(comparisons)
    known = [bands(results, axis) for results in comparisons]
    short = short_names([results.header.task for results in comparisons])
    n_wide = min(n_panels, _MOST_WIDE)
    n_high = -(-n_panels // n_wide)
    columns = 3 if n_panels == 1 else 7
    heights = [3.7 * n_high + 0.2 * -(-(len(row) + 1) // columns) for row in rows]
    figure = Figure(
        figsize=(6.4 if n_panels == 1 else 4.6 * n_wide, sum(heights)), layout="constrained"
    )
    FigureCanvasAgg(figure)
    parts = np.ravel(figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False))
    for part, names, row in zip(parts, rows, range(len(rows)), strict=True):
        panels = np.ravel(part.subplots(n_high, n_wide, squeeze=False)).tolist()
        for panel in panels[n_panels:]:
            panel.set_axis_off()
        panels = panels[:n_panels]
        handles: dict[str, Any] = {}
        for panel, results, found, mark in zip(panels, comparisons, known, targets, strict=True):
            chosen = {name: found[name] for name in names if name in found}
            handles |= _panel(panel, results, chosen, drawn, axis, mark=mark, banded=banded)
            if row == 0:
                name = short[results.header.task] if n_high > 1 else results.header.task
                panel.set_title(title(results, name=name, banded=banded), fontsize=9)
        labels = [scale_of(results).regret for results in comparisons]
        for position, (panel, label) in enumerate(zip(panels, labels, strict=True)):
            if position % n_wide == 0 or len(set(labels)) > 1:
                panel.set_ylabel(label)
        add_legend(part, handles, columns)
    save(figure, path)


def _draw_below(
    names: Sequence[str],
    comparisons: Sequence[Results],
    path: Path,
    *,
    axis: str,
    targets: Sequence[float | None],
) -> None:
    """The panels of all tasks below each other, as wide as a phone."""
    drawn = styles(comparisons)
    n_rows = -(-(len(names) + 1) // 2)
    height = 3.3 * len(comparisons) + 0.2 * n_rows
    figure = Figure(figsize=(4.0, height), layout="constrained")
    FigureCanvasAgg(figure)
    handles: dict[str, Any] = {}
    panels = figure.subplots(len(comparisons), 1, squeeze=False)[:, 0]
    for panel, results, mark in zip(panels, comparisons, targets, strict=True):
        found = bands(results, axis)
        chosen = {name: found[name] for name in names if name in found}
        handles |= _panel(panel, results, chosen, drawn, axis, mark=mark, banded=True)
        panel.set_title(title(results), fontsize=9)
        panel.set_ylabel(scale_of(results).regret)
    add_legend(figure, handles, 2)
    figure.savefig(path.with_suffix(".png"), dpi=200)


def _panel(
    panel: Axes,
    results: Results,
    found: Mapping[str, Band],
    drawn: Mapping[str, Style],
    axis: str,
    *,
    mark: float | None,
    banded: bool,
) -> dict[str, Any]:
    """One task; returns what the legend explains."""
    unit, scale = axis_unit(results, axis), scale_of(results)
    handles: dict[str, Any] = _regrets(
        panel, found, drawn, unit, factor=scale.factor, banded=banded
    )
    _decorate(panel, results, axis, unit)
    if mark is not None:
        regret = max(reference_score(results) - scale.sign * mark, scale.floor)
        handles[_TARGET] = panel.axhline(
            scale.factor * regret, color="black", linewidth=0.8, linestyle=(0, (1, 2))
        )
    return handles


def add_legend(figure: Any, handles: Mapping[str, Any], columns: int) -> None:
    """A legend below all panels."""
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=min(len(handles), columns),
        frameon=False,
        fontsize=8.5,
        handlelength=2.6,
    )


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and SVG; the same rows give the same files."""
    figure.savefig(path.with_suffix(".png"), dpi=200)
    with rc_context({"svg.hashsalt": "eahas"}):
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


def _regrets(
    panel: Axes,
    found: Mapping[str, Band],
    drawn: Mapping[str, Style],
    unit: AxisUnit,
    *,
    factor: float,
    banded: bool,
) -> dict[str, Line2D]:
    handles, whole = {}, ablated()
    for name, band in found.items():
        style, x = drawn[name], band.grid * unit.per
        (handles[name],) = panel.step(
            x,
            factor * band.median,
            where="post",
            linestyle=style.dash,
            color=style.colour,
            linewidth=style.width,
            zorder=4 if name == whole else 3,
        )
        if banded:
            low, high = factor * band.low, factor * band.high
            shade: dict[str, Any] = {"step": "post", "color": style.colour, "linewidth": 0}
            panel.fill_between(x, low, high, alpha=0.12, **shade)
    return handles


def _decorate(panel: Axes, results: Results, axis: str, unit: AxisUnit) -> None:
    header = results.header
    panel.set_xscale("log")
    panel.set_yscale("log")
    if axis == "kwh":
        panel.set_xlim(right=header.budget_kwh * unit.per * 1.05)
    panel.set_xlabel(unit.label)
    for scale_axis in (panel.xaxis, panel.yaxis):
        _one_two_five(scale_axis)
    panel.grid(which="major", color="0.9", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    if axis == "kwh":
        mean: Any = (header.mean_full_training_kwh or header.mean_training_kwh) * unit.per
        above = panel.secondary_xaxis("top", functions=(lambda k: k / mean, lambda t: t * mean))
        above.tick_params(labelsize=8, colors="0.35")
        above.spines["top"].set_visible(False)
        above.set_xlabel(f"mean {trainings_of(header)} trainings", fontsize=8, color="0.35")
        _one_two_five(above.xaxis)


def trainings_of(header: Header) -> str:
    """Which trainings a budget counts: full ones have the longest schedule."""
    return "complete" if header.mean_full_training_kwh is None else "full"


def title(results: Results, *, name: str | None = None, banded: bool = True) -> str:
    """Task, by this or its own name, number of studies and provenance, in two lines."""
    n_studies = sorted({len(m.traces) for m in collect(results).values()})
    count = str(n_studies[0]) if len(n_studies) == 1 else f"{n_studies[0]}-{n_studies[-1]}"
    shown = f"median{' and quartiles' if banded else ''} of {count} studies"
    return (
        f"{name or results.header.task}: {shown}\n{describe_provenance(results.header.provenance)}"
    )


def _one_two_five(axis: Axis) -> None:
    """Log ticks at 1, 2 and 5 of each decade, as plain numbers, or at 1 and 3 of many decades."""
    low, high = axis.get_view_interval()
    few = low > 0.0 and high / low < 300.0
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0, 3.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
