"""Figures of a comparison for papers: PNG and SVG through matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from benchmarks.report_analysis import Floats, MethodTraces, collect, reference_accuracy
from benchmarks.rows import Results

# Okabe and Ito's colours, told apart by colour-blind readers; black stays for annotations.
_AWARE = ("#D55E00", "#CC79A7", "#E69F00", "#8B4513", "#B22222", "#FF7F50", "#9932CC", "#C71585")
_PLAIN = ("#0072B2", "#009E73", "#56B4E9", "#7F7F7F", "#4B0082", "#2F4F4F", "#6B8E23", "#4682B4")
_DASHES = ("-", "--", "-.", ":")
_N_GRID = 240
_FLOOR = 1e-4
"""Smallest regret drawn: a hundredth of a percentage point; the reference itself has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a method is drawn in every figure."""

    colour: str
    dash: str
    dash_plotly: str
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Median and quartiles of the test regret over a grid of energies or times.

    Args:
        grid: Array of shape (n_points,), kWh or s.
        median: Array of shape (n_points,): regret as a fraction; NaN until all studies have an
            incumbent.
        low: The lower quartile.
        high: The upper quartile.
    """

    grid: Floats
    median: Floats
    low: Floats
    high: Floats


def styles(comparisons: Sequence[Results]) -> dict[str, Style]:
    """One style per method, the same in every panel.

    Warm, solid lines for the energy-aware, cool, broken ones for the plain.
    """
    tables = [collect(results) for results in comparisons]
    methods = {name: table[name] for table in tables for name in sorted(table)}
    found = {}
    for aware, colours in ((False, _PLAIN), (True, _AWARE)):
        names = sorted(n for n, method in methods.items() if method.energy_aware == aware)
        for position, name in enumerate(names):
            round_, colour = divmod(position, len(colours))
            dash = _DASHES[(round_ + (0 if aware else 1 + position % 3)) % 4]
            found[name] = Style(
                colour=colours[colour],
                dash=dash,
                dash_plotly={"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}[dash],
                width=2.2 if aware else 1.6,
            )
    return found


def regret_band(method: MethodTraces, *, reference: float, axis: str, highest: float) -> Band:
    """Median and quartiles of a method's regret.

    Args:
        method: Its studies.
        reference: Accuracy whose regret is zero.
        axis: ``"kwh"`` or ``"runtime_s"``.
        highest: Right end of the grid.
    """
    axes = [np.asarray(getattr(trace, axis)) for trace in method.traces]
    first = max(values[0] for values in axes)
    if not first < highest:
        highest = first * 1.001
    grid = np.geomspace(first, highest, _N_GRID)
    regret = reference - np.stack(
        [trace.at(grid, values) for trace, values in zip(method.traces, axes, strict=True)]
    )
    low, median, high = np.maximum(np.quantile(regret, (0.25, 0.5, 0.75), axis=0), _FLOOR)
    return Band(grid=grid, median=median, low=low, high=high)


def bands(results: Results, axis: str) -> dict[str, Band]:
    """The regret of every method; none for the time of a benchmark that does not know it."""
    methods = collect(results)
    if axis == "runtime_s" and any(t.runtime_s is None for m in methods.values() for t in m.traces):
        return {}
    ends = [np.asarray(getattr(t, axis))[-1] for m in methods.values() for t in m.traces]
    highest = results.header.budget_kwh if axis == "kwh" else float(max(ends))
    reference = reference_accuracy(results)
    return {
        name: regret_band(method, reference=reference, axis=axis, highest=highest)
        for name, method in methods.items()
    }


def draw_regret(
    comparisons: Sequence[Results],
    path: Path,
    *,
    axis: str = "kwh",
    targets: Sequence[float | None],
) -> None:
    """The paper's figure: test regret over cumulative energy (or time), one panel per task.

    Args:
        comparisons: One per panel.
        path: File without its suffix; ``.png`` and ``.svg`` are written.
        targets: Test accuracy to mark in each panel, or None.
        axis: ``"kwh"`` or ``"runtime_s"``.
    """
    n_panels = len(comparisons)
    n_methods = max(len(collect(results)) for results in comparisons)
    legend_rows = -(-n_methods // min(n_methods, 4 if n_panels == 1 else 8))
    height = 3.9 + 0.22 * legend_rows
    figure = Figure(
        figsize=(6.4 if n_panels == 1 else 4.6 * n_panels, height), layout="constrained"
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, n_panels, squeeze=False)[0]
    handles: dict[str, Any] = {}
    drawn = styles(comparisons)
    for panel, results, mark in zip(panels, comparisons, targets, strict=True):
        handles |= _panel(panel, results, drawn, axis, mark)
    panels[0].set_ylabel("Test regret (percentage points)")
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=min(len(handles), 4 if n_panels == 1 else 8),
        frameon=False,
        fontsize=9,
    )
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and SVG; the same rows give the same files."""
    figure.savefig(path.with_suffix(".png"), dpi=200)
    with rc_context({"svg.hashsalt": "eahas"}):
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


def _panel(
    panel: Axes, results: Results, drawn: Mapping[str, Style], axis: str, target: float | None
) -> dict[str, object]:
    methods, header = collect(results), results.header
    handles: dict[str, Any] = {}
    scale = 1.0 if axis == "kwh" else 3600.0
    for name, band in bands(results, axis).items():
        style = drawn[name]
        x = band.grid / scale
        (line,) = panel.step(
            x,
            100.0 * band.median,
            where="post",
            linestyle=style.dash,
            color=style.colour,
            linewidth=style.width,
            zorder=3,
        )
        panel.fill_between(
            x,
            100.0 * band.low,
            100.0 * band.high,
            step="post",
            color=style.colour,
            alpha=0.12,
            linewidth=0,
        )
        for edge in (band.low, band.high):
            panel.step(x, 100.0 * edge, where="post", color=style.colour, alpha=0.35, linewidth=0.6)
        handles[name] = line
    panel.set_xscale("log")
    panel.set_yscale("log")
    if axis == "kwh":
        panel.set_xlim(right=header.budget_kwh * 1.05)
    if target is not None:
        regret = 100.0 * max(reference_accuracy(results) - target, _FLOOR)
        handles["final median of the best plain method"] = panel.axhline(
            regret, color="black", linewidth=0.8, linestyle=(0, (1, 2))
        )
    panel.set_xlabel(
        "Cumulative training energy of the study (kWh)"
        if axis == "kwh"
        else "Cumulative training time of the study (h)"
    )
    for scale_axis in (panel.xaxis, panel.yaxis):
        _one_two_five(scale_axis)
    panel.grid(which="major", color="0.9", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
    if axis == "kwh":
        mean: Any = header.mean_training_kwh
        above = panel.secondary_xaxis("top", functions=(lambda k: k / mean, lambda t: t * mean))
        above.set_xlabel("mean complete trainings", fontsize=8, color="0.35")
        above.tick_params(labelsize=8, colors="0.35")
        above.spines["top"].set_visible(False)
        _one_two_five(above.xaxis)
    n_studies = sorted({len(m.traces) for m in methods.values()})
    count = str(n_studies[0]) if len(n_studies) == 1 else f"{n_studies[0]}-{n_studies[-1]}"
    panel.set_title(
        f"{header.task}: median and quartiles of {count} studies\n"
        f"{describe_provenance(header.provenance)}",
        fontsize=9,
    )
    return handles


def _one_two_five(axis: Axis) -> None:
    """Log ticks at 1, 2 and 5 of each decade, as plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def describe_provenance(provenance: Mapping[str, Any]) -> str:
    """Where the numbers come from, short enough for a figure."""
    n_records = provenance.get("n_records")
    count = f" ({n_records:,} trainings)" if isinstance(n_records, int) else ""
    words = f"{provenance.get('kind', 'unknown')} data{count}"
    energy = provenance.get("energy")
    return f"{words}, energy {energy}" if isinstance(energy, str) else words
