"""What a front is made of: the objectives and constraints of trials, as numbers to learn from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from eahas_plugins.optuna._compat import constraints_of
from eahas_plugins.optuna._trials import energy_of, violation

Floats = NDArray[np.float64]
Known = Mapping[int, Callable[[Mapping[str, Any]], float]]

MOST_OBJECTIVES = 3

_LARGEST = 1e100  # so that the square of a value is still a number
_SAME = 1e-6  # an objective is the energy of its trial if it agrees this well


def signs_of(study: Study) -> Floats:
    """1 for each objective that is maximised, -1 for the others.

    Raises:
        ValueError: If there are too many; the message says what to use instead.
    """
    if len(study.directions) > MOST_OBJECTIVES:
        raise ValueError(
            f"EA-BOHB searches at most {MOST_OBJECTIVES} objectives but the study has "
            f"{len(study.directions)}: make some of them constraints, or use EnergyTPESampler or "
            "Optuna's NSGAIIISampler, with which EnergyBudget and the energy figures work too."
        )
    maximized = [direction is StudyDirection.MAXIMIZE for direction in study.directions]
    return np.where(maximized, 1.0, -1.0)


def check_known(known: Known | None) -> dict[int, Callable[[Mapping[str, Any]], float]]:
    """The objectives that are functions of the configuration, by their position.

    Raises:
        ValueError: If it is no dictionary, or a position or a function is none.
    """
    if not isinstance(known, Mapping | None):
        raise ValueError(
            "known_objectives must be a dictionary of functions by the position of the objective "
            f"but got {known!r}."
        )
    found = dict(known or {})
    for position, function in found.items():
        if not (isinstance(position, int) and 0 <= position < MOST_OBJECTIVES):
            raise ValueError(
                "known_objectives must name objectives by their position in the study's "
                f"directions, from 0, but got {position!r}."
            )
        if not callable(function):
            raise ValueError(
                f"known_objectives[{position}] must be a function of a configuration's parameters "
                f"but got {function!r}."
            )
    return found


def check_known_of(study: Study, known: Known) -> None:
    """Refuse known objectives that a study does not have.

    Raises:
        ValueError: If it has one objective, or fewer than were named.
    """
    n = len(study.directions)
    if known and (n == 1 or max(known) >= n):
        raise ValueError(
            "known_objectives must name some of the objectives of a study with several but names "
            f"{sorted(known)} (counted from 0) where the study has {n}: leave out what it does "
            "not have."
        )


def known_value(d: int, function: Callable[[Mapping[str, Any]], float], params: Any) -> float:
    """A known objective of a configuration, as far from zero as a trial's may be.

    Raises:
        ValueError: If it is no number.
    """
    value = function(params)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise ValueError(
            f"known_objectives[{d}] must return a number for every configuration but returned "
            f"{value!r} for {params}: give those that cannot be a very bad value."
        )
    return min(_LARGEST, max(-_LARGEST, number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Trials as a front sees them.

    Args:
        trials: Complete trials.
        rewards: Their objectives, larger is better, finite; shape (n, m).
        feasible: Which of them may be on the front, shape (n,).
        constraints: One column per constraint, met where it is at most 0, finite; shape (n, c).
            Trials that ended early have rows as well, after those of the complete ones.
        ended: Trials that ended early: nobody knows their objectives.
        energies: Objectives that are the energy of the trial itself.
    """

    trials: Sequence[FrozenTrial]
    rewards: Floats
    feasible: NDArray[np.bool_]
    constraints: Floats
    ended: Sequence[FrozenTrial]
    energies: frozenset[int]

    @classmethod
    def of(
        cls, complete: Sequence[FrozenTrial], ended: Sequence[FrozenTrial], signs: Floats
    ) -> Observed:
        """What complete trials and those that ended early have shown."""
        values = np.array([t.values for t in complete], dtype=np.float64)
        finite = np.isfinite(values)
        whole = np.asarray(finite.all(axis=1))
        feasible = whole & np.array([violation(t) == 0.0 for t in complete])
        rewards = np.clip(signs * values, -_LARGEST, _LARGEST)
        for column, known in zip(rewards.T, finite.T, strict=True):
            column[~known] = column[known].min() if known.any() else 0.0
        return cls(
            trials=complete,
            rewards=rewards,
            feasible=feasible,
            constraints=_constraints(complete, whole, ended),
            ended=ended,
            energies=_energies(complete, values, signs),
        )


def _constraints(
    complete: Sequence[FrozenTrial], finite: NDArray[np.bool_], ended: Sequence[FrozenTrial]
) -> Floats:
    """One column per constraint of the user's, and one for what did not end well."""
    trials = [*complete, *ended]
    columns: list[Sequence[float]] = []
    given = [constraints_of(trial) for trial in trials]
    if any(given):
        n = max(map(len, given))
        if all(len(one) == n for one in given):
            columns += list(zip(*given, strict=True))
        else:  # which is which, nobody can tell
            columns.append([violation(trial) or -1.0 for trial in trials])
    if ended or not finite.all():
        columns.append([*np.where(finite, -1.0, 1.0), *(1.0 for _ in ended)])
    if not columns:
        return np.empty((len(trials), 0))
    known = np.nan_to_num(np.array(columns, dtype=np.float64).T, nan=_LARGEST)
    return np.asarray(np.clip(known, -_LARGEST, _LARGEST))


def _energies(complete: Sequence[FrozenTrial], values: Floats, signs: Floats) -> frozenset[int]:
    """Objectives that are minimised and equal to ``energy_kwh`` in every trial."""
    energies = [energy_of(trial) for trial in complete]
    if None in energies:
        return frozenset()
    spent = np.array(energies, dtype=np.float64)
    return frozenset(
        d
        for d in range(values.shape[1])
        if signs[d] < 0.0 and np.all(np.abs(values[:, d] - spent) <= _SAME * spent)
    )
