"""The figures of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from eahas_plugins.outliers import worst_shown
from eahas_plugins.report.numbers import Numbers, training_kwh
from eahas_plugins.report.run import Objective, TrialSummary
from eahas_plugins.report.svg import Axis, Dot, Line, Size, axis_of, chart
from eahas_plugins.units import EnergyUnit, digits_text, energy_text, energy_unit

_Item = TypeVar("_Item")

WIDE, NARROW = Size(820, 340), Size(350, 290)
"""Both are in the page, and its style shows the one that fits."""
_LARGEST = 1e100  # larger values are failures that somebody has put a number to
MAX_DOTS = 1_500
"""More dots than this are thinned out: nobody sees them, and the page stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure in both sizes, with what it shows.

    Args:
        wide: The SVG for a desktop.
        narrow: The SVG for a phone.
        legend: What dots and lines are: class in the style, and words.
        caption: What the reader should know.
    """

    wide: str
    narrow: str
    legend: tuple[tuple[str, str], ...]
    caption: str


def value_over_energy(numbers: Numbers, place: int) -> Figure | None:
    """The values of complete trials over the energy of all trials up to each.

    Args:
        numbers: The numbers.
        place: Which objective.
    """
    run = numbers.run
    objective = run.objectives[place]
    shown = [
        (trial, kwh)
        for trial, kwh in zip(run.trials, numbers.cumulative_kwh, strict=True)
        if trial.state == "complete" and _drawable(trial, place)
    ]
    if not shown:
        return None
    unit = energy_unit(numbers.cumulative_kwh[-1])
    best, line = math.inf, []
    for trial, kwh in shown:
        if trial.eligible:
            best = min(best, objective.loss(trial.values[place]))
            line.append((kwh * unit.per_kwh, objective.loss(best)))
    end = numbers.cumulative_kwh[-1] * unit.per_kwh
    line += [(end, line[-1][1])] if line else []
    y, n_beyond = _value_axis(objective, [t.values[place] for t, _ in shown])
    dots = [
        Dot(
            kwh * unit.per_kwh,
            trial.values[place],
            "dot" if trial.eligible else "dot other",
            f"{trial.name}: {digits_text(trial.values[place])} after {energy_text(kwh)}",
        )
        for trial, kwh in _thinned(shown)
    ]
    lines = [Line(line, "best", steps=True)] if line else []
    legend = [("best", "best so far")] if line else []
    legend += [("dot", "trial")]
    if any(not trial.eligible for trial, _ in shown):
        legend += [("dot other", _why_not(numbers))]
    return _figure(
        axis_of(f"energy spent by the study ({unit.name})", [end], from_zero=True),
        y,
        dots=dots,
        lines=lines,
        legend=legend,
        caption=_beyond(n_beyond),
        name=f"{objective.name} over the energy of the study",
    )


def energy_front(numbers: Numbers) -> Figure | None:
    """The first objective against the energy of each training, with the front."""
    objective = numbers.run.objectives[0]
    front = {trial.name for trial in numbers.front}
    shown = [t for t in numbers.run.trials if t.eligible and training_kwh(t) and _drawable(t, 0)]
    if not front or not shown:
        return None
    unit = energy_unit(max(training_kwh(t) or 0.0 for t in shown))
    on_front = [trial for trial in numbers.front if _drawable(trial, 0)]
    y, n_beyond = _value_axis(objective, _values(shown, 0), _values(on_front, 0))
    return _front_figure(
        [(t, (training_kwh(t) or 0.0) * unit.per_kwh, t.values[0]) for t in shown],
        front,
        axis_of(f"energy of the training ({unit.name})", _scaled(shown, unit), from_zero=True),
        y,
        caption=_beyond(n_beyond),
        name=f"{objective.name} against the energy of each training",
    )


def objectives_front(numbers: Numbers) -> Figure | None:
    """The second objective against the first, with the trials that no other one dominates."""
    first, second = numbers.run.objectives[:2]
    shown = [t for t in numbers.run.trials if t.eligible and _both_drawable(t)]
    if not shown:
        return None
    best = [trial for trial in numbers.best if _both_drawable(trial)]
    x, n_right = _value_axis(first, _values(shown, 0), _values(best, 0))
    y, n_up = _value_axis(second, _values(shown, 1), _values(best, 1))
    inside = [t for t in shown if x.low <= t.values[0] <= x.high]
    return _front_figure(
        [(t, t.values[0], t.values[1]) for t in inside],
        {t.name for t in numbers.best},
        x,
        y,
        caption=_beyond(n_up) + (f" {n_right} trials are left out to the side." if n_right else ""),
        name=f"{second.name} against {first.name}",
        joined=len(numbers.run.objectives) == 2,
        from_right=first.maximize,
    )


def _front_figure(
    places: Sequence[tuple[TrialSummary, float, float]],
    front: set[str],
    x: Axis,
    y: Axis,
    *,
    caption: str,
    name: str,
    joined: bool = True,
    from_right: bool = False,
) -> Figure:
    def dot(trial: TrialSummary, at_x: float, at_y: float, kind: str) -> Dot:
        says = f"{trial.name}: {digits_text(at_x)}, {digits_text(at_y)}"
        return Dot(at_x, at_y, kind, says)

    # The line bounds what some trial reaches: from the better end of x sideways, then up or down.
    on = sorted((p for p in places if p[0].name in front), key=lambda p: p[1], reverse=from_right)
    off = [p for p in places if p[0].name not in front]
    return _figure(
        x,
        y,
        dots=[dot(*p, "dot other") for p in _thinned(off)] + [dot(*p, "dot front") for p in on],
        lines=[Line([(p[1], p[2]) for p in on], "frontline", steps=True)] if joined else [],
        legend=[("dot front", "on the front"), ("dot other", "dominated")],
        caption=caption,
        name=name,
    )


def _figure(
    x: Axis,
    y: Axis,
    *,
    dots: Sequence[Dot],
    lines: Sequence[Line],
    legend: Sequence[tuple[str, str]],
    caption: str,
    name: str,
) -> Figure:
    wide, narrow = (chart(s, x, y, dots=dots, lines=lines, name=name) for s in (WIDE, NARROW))
    return Figure(wide=wide, narrow=narrow, legend=tuple(legend), caption=caption)


def _value_axis(
    objective: Objective, values: Sequence[float], always: Sequence[float] = ()
) -> tuple[Axis, int]:
    """An axis on which the good values differ, and how many bad ones lie beyond its edge."""
    losses = np.array([objective.loss(value) for value in values], dtype=np.float64)
    limit = worst_shown(losses, always=[objective.loss(value) for value in always])
    inside = [value for value, loss in zip(values, losses, strict=True) if loss <= limit]
    return axis_of(objective.name, inside), len(values) - len(inside)


def _beyond(n: int) -> str:
    if not n:
        return ""
    return (
        f"{n} trial{' is' if n == 1 else 's are'} worse than the axis shows and drawn at its edge."
    )


def _why_not(numbers: Numbers) -> str:
    return "shorter training, or infeasible" if numbers.run.length_name else "infeasible"


def _drawable(trial: TrialSummary, place: int) -> bool:
    return len(trial.values) > place and abs(trial.values[place]) <= _LARGEST


def _both_drawable(trial: TrialSummary) -> bool:
    return _drawable(trial, 0) and _drawable(trial, 1)


def _values(trials: Sequence[TrialSummary], place: int) -> list[float]:
    return [trial.values[place] for trial in trials]


def _scaled(trials: Sequence[TrialSummary], unit: EnergyUnit) -> list[float]:
    return [(training_kwh(t) or 0.0) * unit.per_kwh for t in trials]


def _thinned(items: Sequence[_Item]) -> Sequence[_Item]:
    return items if len(items) <= MAX_DOTS else items[:: -(-len(items) // MAX_DOTS)]
