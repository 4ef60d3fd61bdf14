"""What the next kWh promise."""

from __future__ import annotations

import math
from typing import Any

import optuna
import pytest
from optuna.pruners import BasePruner

from eahas_plugins.optuna.pruners import (
    MarginalGainPruner,
)
from tests.eahas_plugins.optuna.pruners.studies import Point, new_study, run


def study_with_history(pruner: BasePruner, direction: str = "maximize") -> optuna.Study:
    """Ten kWh in five trials; over the latest six the best value rose from 0.6 to 0.8."""
    study = new_study(pruner, direction)
    for value in (0.5, 0.6, 0.7, 0.75, 0.8):
        signed_value = value if direction == "maximize" else -value
        study.add_trial(optuna.create_trial(value=signed_value, user_attrs={"energy_kwh": 2.0}))
    return study


@pytest.mark.parametrize(
    ("points", "planned", "expected"),
    [
        ([(1.0, 0.6), (2.0, 0.8)], 8.0, None),  # would end at 1.2: 0.4 in 6 kWh, elsewhere 0.2
        ([(1.0, 0.6), (2.0, 0.61)], 8.0, 2),  # would end at 0.63 < 0.8
        ([(1.0, 0.7), (2.0, 0.74)], 8.0, 2),  # 0.82: gains 0.02 in 6 kWh, less than elsewhere
        ([(1.0, 0.6), (1.9, 0.1)], 8.0, None),  # not doubled yet
        ([(0.5, 0.6), (0.9, 0.1)], 8.0, None),  # below the first look
        ([(1.0, 0.6), (8.0, 0.1)], 8.0, None),  # done: nothing left to save
        ([(1.0, 0.9), (2.0, 0.85)], 8.0, 2),  # falling: 0.05 above the best in 6 kWh
    ],
)
def test_marginal_gain(points: list[Point], planned: float, expected: int | None) -> None:
    study = study_with_history(MarginalGainPruner(min_kwh=1.0))
    assert run(study, points, planned_kwh=planned) == expected


def test_marginal_gain_without_a_plan_looks_at_the_most_expensive_trial() -> None:
    study = study_with_history(MarginalGainPruner(min_kwh=0.5))
    assert run(study, [(0.5, 0.6), (1.0, 0.61)], planned_kwh=None) == 2
    study = study_with_history(MarginalGainPruner(min_kwh=0.5))
    assert run(study, [(1.0, 0.6), (2.0, 0.61)], planned_kwh=None) is None  # as dear as they get


@pytest.mark.parametrize("each_kwh", [1.0, 0.1])
def test_sums_that_round_do_not_make_the_window_longer(each_kwh: float) -> None:
    study = new_study(MarginalGainPruner(min_kwh=0.5 * each_kwh), "maximize")
    for value in (0.5, 0.5, 0.5, 0.5, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8):  # nothing in the last half
        study.add_trial(optuna.create_trial(value=value, user_attrs={"energy_kwh": each_kwh}))
    points = [(0.5 * each_kwh, 0.75), (each_kwh, 0.79)]
    assert run(study, points, planned_kwh=2.0 * each_kwh) is None


def test_strictness() -> None:
    points = [(1.0, 0.7), (2.0, 0.74)]
    study = study_with_history(MarginalGainPruner(min_kwh=1.0, strictness=0.0))
    assert run(study, points, planned_kwh=8.0) is None
    study = study_with_history(MarginalGainPruner(min_kwh=1.0, strictness=1.0))
    assert run(study, points, planned_kwh=8.0) == 2


def test_marginal_gain_needs_complete_trials() -> None:
    study = study_with_history(MarginalGainPruner(min_kwh=1.0, n_startup_trials=6))
    assert run(study, [(1.0, 0.1), (2.0, 0.1)]) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_kwh": 0.0}, "`min_kwh`"),
        ({"n_startup_trials": 0}, "`n_startup_trials`"),
        ({"window": 0.0}, "`window`"),
        ({"window": math.nan}, "`window`"),
        ({"strictness": -1.0}, "`strictness`"),
        ({"strictness": math.inf}, "`strictness`"),
    ],
)
def test_marginal_gain_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MarginalGainPruner(**{"min_kwh": 1.0, **arguments})


def test_marginal_gain_compares_with_feasible_and_finite_trials_only() -> None:
    study = new_study(MarginalGainPruner(min_kwh=1.0, n_startup_trials=1))
    study.add_trial(
        optuna.trial.create_trial(
            value=9.0, user_attrs={"energy_kwh": 8.0}, system_attrs={"constraints": [1.0]}
        )
    )
    study.add_trial(optuna.trial.create_trial(value=math.inf, user_attrs={"energy_kwh": 8.0}))
    assert run(study, [(1.0, 0.1), (2.0, 0.2), (4.0, 0.3)], planned_kwh=8.0) is None
