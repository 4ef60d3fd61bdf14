"""Fronts of a study with several objectives, as numbers: over its energy, and over many studies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import check_numbers, check_whole_numbers
from eahas_plugins.models.hypervolume import non_dominated
from eahas_plugins.optuna._trials import may_be_best, spent_kwh
from eahas_plugins.optuna.visualization._data import trials_in_time
from eahas_plugins.units import energy_text

Floats = NDArray[np.float64]

FRACTIONS = (0.1, 0.25, 0.5, 1.0)
"""Parts of a study's energy at which its front is shown."""
SHARES = (0.25, 0.5, 0.75)
"""Parts of the studies whose attainment curves are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontAt:
    """A study's front when it had spent so much.

    Args:
        fraction: Part of all the energy that the study has spent.
        kwh: That energy, kWh.
        numbers: Trials on the front, by the first of the two objectives.
        values: Their two objectives, shape (n, 2).
    """

    fraction: float
    kwh: float
    numbers: list[int]
    values: Floats

    @property
    def label(self) -> str:
        """What the legend says."""
        return f"{100.0 * self.fraction:.3g} % ({energy_text(self.kwh)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """How a study's front has grown.

    Args:
        names: What the two objectives are called.
        maximize: Whether each is maximised.
        fronts: The fronts, in the order in which energy was spent.
        numbers: All complete feasible trials.
        values: Their two objectives, shape (n, 2).
    """

    names: tuple[str, str]
    maximize: tuple[bool, bool]
    fronts: list[FrontAt]
    numbers: list[int]
    values: Floats


def fronts_over_energy(
    study: Study, objectives: tuple[int, int], fractions: Sequence[float]
) -> Fronts:
    """The fronts of two objectives after parts of the energy that the study has spent.

    Raises:
        ValueError: If the study has one objective, the two are none of it, or a fraction is out of
            range.
    """
    check_objectives(study, objectives)
    for fraction in fractions:
        check_numbers(fractions=fraction)
        if not 0.0 < fraction <= 1.0:
            raise ValueError(f"`fractions` must be above 0 and at most 1 but got {fraction}.")
    trials = trials_in_time(study)
    spent = np.cumsum([spent_kwh(trial) for trial in trials])
    total = float(spent[-1]) if len(spent) else 0.0
    shown = [i for i, trial in enumerate(trials) if may_be_best(trial)]
    values = _values([trials[i] for i in shown], objectives)
    numbers = [trials[i].number for i in shown]
    found = []
    for fraction in sorted(fractions):
        upto = [p for p, i in enumerate(shown) if spent[i] <= fraction * total * (1.0 + 1e-9)]
        on_front = front_of(study, values[upto], objectives)
        members = [upto[p] for p in on_front]
        found.append(
            FrontAt(
                fraction=fraction,
                kwh=fraction * total,
                numbers=[numbers[p] for p in members],
                values=values[members],
            )
        )
    return Fronts(
        names=names_of(study, objectives),
        maximize=maximized(study, objectives),
        fronts=found,
        numbers=numbers,
        values=values,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attainment:
    """What a part of the studies has attained in the end.

    Args:
        share: The part.
        x: First objective, from the best to the worst of all fronts, shape (n,).
        y: The value of the second that so many studies have with a first at least as good; NaN
            where fewer have any.
    """

    share: float
    x: Floats
    y: Floats


def attainment(
    studies: Sequence[Study], objectives: tuple[int, int], shares: Sequence[float]
) -> list[Attainment]:
    """The curves that these parts of some studies have attained.

    Raises:
        ValueError: If there is no study, they differ in their directions, or a share is out of
            range.

    References:
        Fonseca and Fleming (1996), On the performance assessment and comparison of stochastic
        multiobjective optimizers.
    """
    if not studies:
        raise ValueError("`studies` must hold at least one study but is empty.")
    for study in studies:
        check_objectives(study, objectives)
        if study.directions != studies[0].directions:
            raise ValueError("`studies` must all have the same directions.")
    for share in shares:
        check_numbers(shares=share)
        if not 0.0 < share <= 1.0:
            raise ValueError(f"`shares` must be above 0 and at most 1 but got {share}.")
    signs = np.where(maximized(studies[0], objectives), 1.0, -1.0)
    fronts = [
        signs * _values([t for t in study.best_trials if may_be_best(t)], objectives)
        for study in studies
    ]
    grid = np.unique(np.concatenate([front[:, 0] for front in fronts]))[::-1]
    curves = np.full((len(fronts), len(grid)), -np.inf)
    for curve, front in zip(curves, fronts, strict=True):
        for x, y in front.tolist():
            curve[grid <= x] = np.maximum(curve[grid <= x], y)
    ranked = np.sort(curves, axis=0)[::-1]
    found = []
    for share in shares:
        y = ranked[math.ceil(share * len(fronts) - 1e-9) - 1]
        y = np.where(np.isfinite(y), signs[1] * y, np.nan)
        found.append(Attainment(share=share, x=signs[0] * grid, y=y))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The members of a study's front.

    Args:
        columns: Names of the columns: the trial, objectives, energy, parameters.
        rows: One per member, by the first objective, the best first; as text.
    """

    columns: list[str]
    rows: list[list[str]]


def front_members(study: Study) -> Members:
    """The trials on the front with their values, energies and parameters.

    Raises:
        ValueError: If the study has one objective.
    """
    check_objectives(study, (0, 1))
    trials = [trial for trial in study.best_trials if may_be_best(trial)]
    maximize = study.directions[0] is StudyDirection.MAXIMIZE
    trials.sort(key=lambda t: -t.values[0] if maximize else t.values[0])
    parameters = sorted({name for trial in trials for name in trial.params})
    positions = range(len(study.directions))
    names = [names_of(study, (i, i))[0] for i in positions]
    return Members(
        columns=["trial", *names, "energy", *parameters],
        rows=[
            [
                str(trial.number),
                *(f"{value:.4g}" for value in trial.values),
                energy_text(spent_kwh(trial) or None),
                *(_text(trial.params.get(name, "")) for name in parameters),
            ]
            for trial in trials
        ],
    )


def front_of(study: Study, values: Floats, objectives: tuple[int, int]) -> list[int]:
    """Positions of the undominated rows, by the first objective."""
    signs = np.where(maximized(study, objectives), 1.0, -1.0)
    on_front = np.flatnonzero(non_dominated(signs * values))
    return [int(i) for i in on_front[np.argsort(values[on_front, 0], kind="stable")]]


def staircase(front: FrontAt | Attainment, maximize: tuple[bool, bool]) -> tuple[Floats, Floats]:
    """The corners of what a front dominates, from its best first objective on."""
    if isinstance(front, Attainment):
        x, y = front.x, front.y
    else:
        x, y = front.values[:, 0], front.values[:, 1]
        if maximize[0]:
            x, y = x[::-1], y[::-1]
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def maximized(study: Study, objectives: tuple[int, int]) -> tuple[bool, bool]:
    """Whether each of two objectives is maximised."""
    first, second = (study.directions[i] is StudyDirection.MAXIMIZE for i in objectives)
    return first, second


def names_of(study: Study, objectives: tuple[int, int]) -> tuple[str, str]:
    """What two objectives are called: the study's metric names, else by their position."""
    names = study.metric_names or [f"Objective {i}" for i in range(len(study.directions))]
    return names[objectives[0]], names[objectives[1]]


def check_objectives(study: Study, objectives: tuple[int, int]) -> None:
    """Check that a study has these two objectives.

    Raises:
        ValueError: If it has one, or the two are not among them.
    """
    n = len(study.directions)
    if n < 2:
        raise ValueError(
            "the study must have several objectives but has one: plot_energy_pareto_front shows "
            "its value against energy."
        )
    for position in objectives:
        check_whole_numbers(objectives=position)
    if len(objectives) != 2 or any(not 0 <= i < n for i in objectives):
        raise ValueError(
            f"`objectives` must be two positions from 0 to {n - 1} but got {objectives!r}."
        )


def _values(trials: Sequence[FrozenTrial], objectives: tuple[int, int]) -> Floats:
    values = [[trial.values[i] for i in objectives] for trial in trials]
    return np.array(values, dtype=np.float64).reshape(len(trials), 2)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
