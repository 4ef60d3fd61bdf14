"""Comparison at fractions of the schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from eahas_plugins.optuna.pruners import (
    ScheduleRelativePruner,
)
from tests.eahas_plugins.optuna.pruners.studies import Point, new_study, run


def epochs(values: Sequence[float]) -> list[Point]:
    return [(1e-6 * step, value) for step, value in enumerate(values, start=1)]


def test_schedules_of_different_length_meet_at_their_fractions() -> None:
    pruner = ScheduleRelativePruner(fractions=iter([0.5]), keep=0.5, n_startup_trials=1)
    study = new_study(pruner)
    assert run(study, epochs([0.1, 0.5, 0.6, 0.7]), params={"max_epoch": 4}) is None
    long = [0.1, 0.2, 0.3, 0.4, 0.9, 0.9, 0.9, 0.9]  # behind at its own half
    assert run(study, epochs(long), params={"max_epoch": 8}) == 4
    long[3] = 0.6
    assert run(study, epochs(long), params={"max_epoch": 8}) is None


def test_same_schedule_only() -> None:
    pruner = ScheduleRelativePruner(
        fractions=(0.5,), keep=0.5, n_startup_trials=1, same_schedule=True
    )
    study = new_study(pruner)
    run(study, epochs([0.9] * 4), params={"max_epoch": 4})
    assert run(study, epochs([0.1] * 8), params={"max_epoch": 8}) is None
    assert run(study, epochs([0.05] * 8), params={"max_epoch": 8}) == 4


@pytest.mark.parametrize(("first_step", "expected"), [(1, 5), (0, 4)])
def test_first_step(first_step: int, expected: int) -> None:
    pruner = ScheduleRelativePruner(
        fractions=(0.5,), keep=0.5, n_startup_trials=1, first_step=first_step
    )
    study = new_study(pruner)
    run(study, epochs([0.9] * 10), params={"max_epoch": 10})
    assert run(study, epochs([0.1] * 10), params={"max_epoch": 10}) == expected


def test_schedule_needs_enough_others() -> None:
    pruner = ScheduleRelativePruner(fractions=(0.5,), keep=0.4, n_startup_trials=3)
    study = new_study(pruner)
    falling = [0.9, 0.8, 0.7, 0.6]
    ends = [run(study, epochs([v] * 4), params={"max_epoch": 4}) for v in falling]
    assert ends == [None, None, None, 2]


@pytest.mark.parametrize("keep", [0.3, 0.5])
def test_share_kept(keep: float) -> None:
    pruner = ScheduleRelativePruner(fractions=(0.5,), keep=keep, n_startup_trials=9)
    study = new_study(pruner)
    for value in range(9):
        run(study, epochs([float(value)] * 2), params={"max_epoch": 2})
    worst_kept = 10 - round(10 * keep)  # of 0..8 and itself
    assert run(study, epochs([worst_kept - 0.5] * 2), params={"max_epoch": 2}) is None
    assert run(study, epochs([worst_kept - 2.5] * 2), params={"max_epoch": 2}) == 1


@pytest.mark.parametrize("planned", ["long", True, 0, math.nan])
def test_unusable_schedule_falls_back_on_energy(planned: Any) -> None:
    pruner = ScheduleRelativePruner(fractions=(0.5,), keep=0.5, n_startup_trials=1)
    study = new_study(pruner)
    run(study, [(5.0, 0.9)], planned_kwh=10.0)
    trial = study.ask()
    trial.suggest_categorical("max_epoch", [planned])
    trial.set_user_attr("energy_reserved_kwh", 100.0)
    trial.set_user_attr("energy_kwh", 49.0)
    trial.report(0.1, 1)
    assert not trial.should_prune()
    trial.set_user_attr("energy_kwh", 50.0)
    trial.report(0.1, 2)
    assert trial.should_prune()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fractions": ()}, "`fractions` must rise"),
        ({"fractions": (0.5, 0.25)}, "`fractions` must rise"),
        ({"fractions": (0.0, 0.5)}, "`fractions` must rise"),
        ({"fractions": (0.5, 1.0)}, "`fractions` must rise"),
        ({"fractions": (math.nan,)}, "`fractions` must rise"),
        ({"keep": 0.0}, "`keep`"),
        ({"keep": math.nan}, "`keep`"),
        ({"n_startup_trials": -1}, "`n_startup_trials`"),
        ({"first_step": 2}, "`first_step`"),
    ],
)
def test_schedule_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScheduleRelativePruner(**arguments)


@pytest.mark.parametrize("name", ["max_epoch", "epochs", "n_estimators"])
def test_the_length_is_found_by_its_name(name: str) -> None:
    study = new_study(ScheduleRelativePruner(n_startup_trials=1))
    for _ in range(3):
        run(study, epochs([0.9] * 20), params={name: 20}, planned_kwh=None)
    assert run(study, epochs([0.1] * 20), params={name: 20}, planned_kwh=None) == 5


def test_two_lengths_are_not_guessed() -> None:
    study = new_study(ScheduleRelativePruner(n_startup_trials=1))
    for value in (0.9, 0.9, 0.1):
        params = {"epochs": 20, "n_estimators": 20}
        assert run(study, epochs([value] * 20), params=params, planned_kwh=None) is None
