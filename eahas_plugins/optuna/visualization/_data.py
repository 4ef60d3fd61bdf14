"""What the figures show, as numbers; the plotting libraries are not needed here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.arguments import check_finite
from eahas_plugins.budget.attributes import CAP_ATTR, known_kwh
from eahas_plugins.optuna._trials import (
    ended_at,
    energy_of,
    is_feasible,
    planned_kwh,
    spent_kwh,
)
from eahas_plugins.optuna.visualization._values import Target, finite_values, first_value, value_of

Floats = NDArray[np.float64]

SHOWN_STATES = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING)


def trials_in_time(study: Study) -> list[FrozenTrial]:
    """Trials that have started, in the order in which they ended; running ones last."""
    trials = [t for t in study.get_trials(deepcopy=False) if t.state in SHOWN_STATES]
    return sorted(trials, key=ended_at)


def cap_kwh(study: Study) -> float | None:
    """The budget of the study, kWh, if it has one."""
    return known_kwh(study.user_attrs.get(CAP_ATTR)) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Energy of each trial and of all up to it.

    Args:
        name: Name of the study.
        numbers: Trial numbers, in the order in which the trials ended.
        states: Their states.
        kwh: Energy of each, kWh.
        cumulative_kwh: Energy of all up to each, kWh.
        cap_kwh: The budget, kWh, if there is one.
    """

    name: str
    numbers: list[int]
    states: list[TrialState]
    kwh: Floats
    cumulative_kwh: Floats
    cap_kwh: float | None


def energy_history(study: Study) -> History:
    """The energy of a study's trials."""
    trials = trials_in_time(study)
    kwh = np.array([spent_kwh(t) for t in trials], dtype=np.float64)
    return History(
        name=study.study_name,
        numbers=[t.number for t in trials],
        states=[t.state for t in trials],
        kwh=kwh,
        cumulative_kwh=np.cumsum(kwh),
        cap_kwh=cap_kwh(study),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueCurve:
    """Values of complete trials over the energy that had been spent when each ended.

    Args:
        name: Name of the study.
        numbers: Trial numbers; trials whose value is not finite are left out.
        kwh: Energy of all trials up to the end of each, kWh.
        values: Their values.
        feasible: Whether each meets its constraints.
        best: The best feasible value so far, NaN before the first; None for a target, of which
            nobody knows what is better.
        trial_kwh: Energy of each trial alone, kWh.
        maximize: Whether larger values are better.
    """

    name: str
    numbers: list[int]
    kwh: Floats
    values: Floats
    feasible: NDArray[np.bool_]
    best: Floats | None
    trial_kwh: Floats
    maximize: bool


def value_curve(study: Study, target: Target | None) -> ValueCurve:
    """Values over energy.

    Raises:
        ValueError: If there is no target and the study has several objectives.
    """
    value = value_of(study, target)
    trials = trials_in_time(study)
    total_kwh = dict(
        zip([t.number for t in trials], np.cumsum([spent_kwh(t) for t in trials]), strict=True)
    )
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    shown, values = finite_values(study, complete, value)
    feasible = np.array([is_feasible(t) for t in shown], dtype=bool)
    maximize = study.directions[0] is StudyDirection.MAXIMIZE
    running = np.fmax.accumulate if maximize else np.fmin.accumulate  # which pass NaN over
    best = running(np.where(feasible, values, np.nan)) if shown else np.empty(0)
    return ValueCurve(
        name=study.study_name,
        numbers=[t.number for t in shown],
        kwh=np.array([total_kwh[t.number] for t in shown], dtype=np.float64),
        values=values,
        feasible=feasible,
        best=None if target is not None else best,
        trial_kwh=np.array([spent_kwh(t) for t in shown], dtype=np.float64),
        maximize=maximize,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Value and energy of complete trials, and which of them are not dominated.

    Args:
        numbers: Trial numbers; trials whose value is not finite are left out.
        kwh: Energy of each, kWh.
        values: Value of each.
        feasible: Whether each meets its constraints; only those are on the front.
        on_front: Positions of the undominated ones, by rising energy.
        hypervolume: Area that the front dominates up to the reference, value times kWh.
        reference: The reference: a value and an energy in kWh.
        maximize: Whether larger values are better.
    """

    numbers: list[int]
    kwh: Floats
    values: Floats
    feasible: NDArray[np.bool_]
    on_front: list[int]
    hypervolume: float
    reference: tuple[float, float]
    maximize: bool

    @property
    def dominated(self) -> list[int]:
        """Positions of the feasible trials that are not on the front."""
        return sorted(set(np.flatnonzero(self.feasible).tolist()) - set(self.on_front))


def energy_front(
    study: Study, target: Target | None, reference: tuple[float, float] | None
) -> Front:
    """The front of value against energy; trials without energy are left out."""
    for number in reference or ():
        check_finite(reference_point=number)
    if target is None and len(study.directions) > 1:
        target = first_value
    maximize = study.directions[0] is StudyDirection.MAXIMIZE
    with_energy = [
        t
        for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if energy_of(t) is not None
    ]
    trials, values = finite_values(study, with_energy, value_of(study, target))
    kwh = np.array([spent_kwh(t) for t in trials], dtype=np.float64)
    feasible = np.array([is_feasible(t) for t in trials], dtype=bool)
    loss = -values if maximize else values
    on_front: list[int] = []
    for i in np.lexsort((loss, kwh)).tolist():
        if feasible[i] and (not on_front or loss[i] < loss[on_front[-1]]):
            on_front.append(i)
    if reference is None:
        reference = (math.nan, math.nan)
        if on_front:
            worst = float(np.max(loss[feasible]))
            reference = (-worst if maximize else worst, float(kwh[feasible].max()))
    limit = -reference[0] if maximize else reference[0]
    return Front(
        numbers=[t.number for t in trials],
        kwh=kwh,
        values=values,
        feasible=feasible,
        on_front=on_front,
        hypervolume=hypervolume(kwh[on_front], loss[on_front], limit=(reference[1], limit)),
        reference=reference,
        maximize=maximize,
    )


def hypervolume(x: Floats, y: Floats, *, limit: tuple[float, float]) -> float:
    """Area dominated by a front of two minimised quantities, up to ``limit``.

    Args:
        x: First quantity of the undominated points, rising, shape (n,).
        y: Second quantity, falling, shape (n,).
        limit: The reference point; points beyond it count for nothing.
    """
    ends = np.minimum(np.append(x[1:], limit[0]), limit[0])
    widths = np.maximum(ends - x, 0.0)
    heights = np.maximum(limit[1] - y, 0.0)
    return float(np.sum(widths * heights))


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEnergy:
    """Energy of the trials in one state.

    Args:
        state: The state.
        n_trials: How many trials are in it.
        kwh: Energy they spent, kWh.
        saved_kwh: Energy they would still have spent, kWh, as far as they had reserved it; None
            if none of them had.
    """

    state: TrialState
    n_trials: int
    kwh: float
    saved_kwh: float | None


def energy_by_state(study: Study) -> list[StateEnergy]:
    """Energy by the state of trials, in a fixed order, states without trials left out."""
    found = []
    for state in SHOWN_STATES:
        trials = study.get_trials(deepcopy=False, states=(state,))
        if trials:
            found.append(
                StateEnergy(
                    state=state,
                    n_trials=len(trials),
                    kwh=sum(spent_kwh(t) for t in trials),
                    saved_kwh=_saved(trials) if state is TrialState.PRUNED else None,
                )
            )
    return found


def _saved(trials: Sequence[FrozenTrial]) -> float | None:
    saved = [
        max(0.0, reserved - spent_kwh(trial))
        for trial in trials
        if (reserved := planned_kwh(trial)) is not None
    ]
    return sum(saved) if saved else None
