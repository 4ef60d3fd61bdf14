"""What the figures of a comparison share: styles, bands, ticks, provenance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness.results import Results
from benchmarks.methods import Declaration, all_declared
from benchmarks.reporting.ablation import ablated, is_ablation
from benchmarks.reporting.scale import FLOOR, scale_of
from benchmarks.reporting.traces import (
    Floats,
    MethodTraces,
    best_plain,
    collect,
    reference_score,
)

GROUPS = ("plain methods", "energy-aware methods", "ablations")
N_READABLE = 6
"""Methods whose bands can be told apart in one panel."""

# Okabe and Ito's colours first, told apart by colour-blind readers; vermilion is kept for the
# method that has ablations.
_COLOURS = (
    "#0072B2",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#6A3D9A",
    "#7F7F7F",
    "#8B4513",
    "#6B8E23",
    "#C71585",
)
WHOLE_COLOUR = "#D55E00"
_DASHES = ("-", "--", "-.", ":")
_N_GRID = 240


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
        median: Array of shape (n_points,): regret, of accuracies as a fraction; NaN until all
            studies have an incumbent.
        low: The lower quartile.
        high: The upper quartile.
    """

    grid: Floats
    median: Floats
    low: Floats
    high: Floats


def group_of(name: str, method: MethodTraces) -> str:
    """Which of :data:`GROUPS` a method belongs to."""
    if is_ablation(name):
        return GROUPS[2]
    return GROUPS[1] if method.energy_aware else GROUPS[0]


def styles(comparisons: Sequence[Results]) -> dict[str, Style]:
    """One style per method, the same in every figure, whichever other methods were run.

    Solid lines for the energy-aware, broken ones for the plain; no two of a group are alike, and an
    energy-aware method has the colour of the plain one that it comes from, as far as that is free.
    """
    methods, whole = all_methods(comparisons), ablated()
    declared = {n: _declared_group(said) for n, said in all_declared().items()}
    groups = declared | {
        n: group_of(n, m)
        for n, m in methods.items()
        if n not in declared  # not from our files
    }
    found: dict[str, Style] = {}
    for group in GROUPS:
        names = [n for n in groups if groups[n] == group and n != whole]
        names.sort(key=_turn)
        plain = group == GROUPS[0]
        taken: set[tuple[str, str]] = set()
        for name in names:
            first = _plain_colour(name, found)
            look = next(
                (look for look in _looks(plain, first) if look not in taken), ("black", "-")
            )
            taken.add(look)
            found[name] = _style(*look, 1.4 if plain else 1.6)
    if whole is not None and whole in methods:
        found[whole] = _style(WHOLE_COLOUR, "-", 2.6)
    return {name: found[name] for name in methods}


def _turn(name: str) -> tuple[bool, float, bool, str]:
    """When a method gets its colour: a new one must not change those of the paper's methods."""
    said = all_declared().get(name)
    if said is None:
        return True, math.inf, True, name
    place = math.inf if said.paper_place is None else float(said.paper_place)
    return False, place, not said.main, name


def _declared_group(said: Declaration) -> str:
    if said.ablation_of is not None:
        return GROUPS[2]
    return GROUPS[1] if said.energy_aware else GROUPS[0]


def _plain_colour(name: str, found: Mapping[str, Style]) -> str | None:
    said = all_declared().get(name)
    plain = None if said is None else said.plain
    return found[plain].colour if plain is not None and plain in found else None


def _looks(plain: bool, first: str | None) -> Iterator[tuple[str, str]]:
    """Colours and dashes in the order in which they are given out."""
    colours = _COLOURS if first is None else (first, *_COLOURS)
    for dash in (*_DASHES[plain:], *_DASHES[:plain]):
        yield from ((colour, dash) for colour in colours)


def _style(colour: str, dash: str, width: float) -> Style:
    names = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
    return Style(colour=colour, dash=dash, dash_plotly=names[dash], width=width)


def all_methods(comparisons: Sequence[Results]) -> dict[str, MethodTraces]:
    """Every method of any task."""
    tables = [collect(results) for results in comparisons]
    return {name: table[name] for table in tables for name in table}


def highlighted(comparisons: Sequence[Results]) -> list[str]:
    """The methods that a figure shows with bands: all where they are few, else the main ones.

    These are the methods whose file says ``MAIN`` and the best plain method of each task; where
    none of them was run, the first few.
    """
    names = list(all_methods(comparisons))
    if len(names) <= N_READABLE:
        return names
    main = {said.name for said in all_declared().values() if said.main} | {
        best_plain(collect(results)) for results in comparisons
    }
    return [name for name in names if name in main] or names[:N_READABLE]


def regret_band(
    method: MethodTraces, *, reference: float, axis: str, highest: float, floor: float = FLOOR
) -> Band:
    """Median and quartiles of a method's regret.

    Args:
        method: Its studies.
        reference: Score whose regret is zero.
        axis: ``"kwh"`` or ``"runtime_s"``.
        highest: Right end of the grid.
        floor: Smallest regret.
    """
    axes = [np.asarray(getattr(trace, axis)) for trace in method.traces]
    first = max(values[0] for values in axes)
    if not first < highest:
        highest = first * 1.001
    grid = np.geomspace(first, highest, _N_GRID)
    regret = reference - np.stack(
        [trace.at(grid, values) for trace, values in zip(method.traces, axes, strict=True)]
    )
    low, median, high = np.maximum(np.quantile(regret, (0.25, 0.5, 0.75), axis=0), floor)
    return Band(grid=grid, median=median, low=low, high=high)


def bands(results: Results, axis: str) -> dict[str, Band]:
    """The regret of every method; none for the time of a benchmark that does not know it."""
    methods = collect(results)
    if axis == "runtime_s" and any(t.runtime_s is None for m in methods.values() for t in m.traces):
        return {}
    ends = [np.asarray(getattr(t, axis))[-1] for m in methods.values() for t in m.traces]
    highest = results.header.budget_kwh if axis == "kwh" else float(max(ends))
    reference, floor = reference_score(results), scale_of(results).floor
    return {
        name: regret_band(method, reference=reference, axis=axis, highest=highest, floor=floor)
        for name, method in methods.items()
    }


def one_two_five(low: float, high: float) -> list[float]:
    """The numbers 1, 2 and 5 times a power of ten between two positive ones."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [float(f"{digit}e{decade}") for decade in decades for digit in (1, 2, 5)]
    return [tick for tick in ticks if low <= tick <= high]


def describe_provenance(provenance: Mapping[str, Any]) -> str:
    """Where the numbers come from, short enough for a figure."""
    n_records = provenance.get("n_records")
    count = f" ({n_records:,} trainings)" if isinstance(n_records, int) else ""
    words = f"{provenance.get('kind', 'unknown')} data{count}"
    energy = provenance.get("energy")
    return f"{words}, energy {energy}" if isinstance(energy, str) else words


def energy_kind(provenance: Mapping[str, Any]) -> str:
    """Where the energies come from, in a word: measured, estimated, predicted, simulated."""
    energy = provenance.get("energy", provenance.get("kind", "of unknown origin"))
    return str(energy).partition(":")[0].partition(" from ")[0]
