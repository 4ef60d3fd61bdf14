"""Rungs that come from the first complete trials."""

from __future__ import annotations

import logging
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna import EnergyBudget
from eahas_plugins.optuna.pruners import (
    EnergyBudgetPruner,
    EnergyHyperbandPruner,
    EnergySuccessiveHalvingPruner,
)
from tests.eahas_plugins.optuna.pruners.studies import new_study, run


def halving(**arguments: Any) -> EnergySuccessiveHalvingPruner:
    return EnergySuccessiveHalvingPruner(**{"n_startup_trials": 3, **arguments})


def test_the_highest_rung_is_the_median_of_the_first_complete_trials() -> None:
    pruner = halving()
    study = new_study(pruner)
    for energy_kwh in (27.0, 1.0, None, 90.0, 500.0):  # one has told no energy
        run(study, [(energy_kwh, 0.5)], planned_kwh=None)
    assert pruner.rungs_in(study) == pytest.approx((1.0, 3.0, 9.0, 27.0))
    run(study, [(0.5, 0.9)])  # a later one does not move them
    assert pruner.rungs_in(study) == pytest.approx((1.0, 3.0, 9.0, 27.0))
    assert pruner.rungs_in(new_study(pruner, study_name="other")) == ()


def test_nothing_is_pruned_before() -> None:
    study = new_study(halving())
    for value in (0.9, 0.5, 0.1):
        assert run(study, [(1.0, value), (9.0, value), (27.0, value)]) is None
    assert run(study, [(1.0, 0.5)]) is None  # the first at the lowest rung
    assert run(study, [(1.0, 0.1)]) == 1


def test_failed_and_pruned_trials_are_no_whole_trainings() -> None:
    pruner = halving(n_startup_trials=1)
    study = new_study(pruner)
    for state in (TrialState.FAIL, TrialState.PRUNED):
        trial = study.ask()
        trial.set_user_attr("energy_kwh", 1.0)
        study.tell(trial, state=state)
    assert pruner.rungs_in(study) == ()


def test_a_training_dearer_than_the_median_may_end() -> None:
    study = new_study(halving(n_startup_trials=1))
    run(study, [(27.0, 0.5)])
    assert run(study, [(9.0, 0.8), (27.0, 0.9), (300.0, 0.95)]) is None
    given = new_study(halving(max_kwh=27.0))
    assert run(given, [(9.0, 0.8), (27.0, 0.9), (300.0, 0.95)]) == 2


def test_the_lowest_rung_alone_may_be_left_out() -> None:
    assert halving(max_kwh=27.0).rungs_kwh == pytest.approx((1.0, 3.0, 9.0, 27.0))
    assert halving(max_kwh=8.0, reduction_factor=2).rungs_kwh == pytest.approx((1, 2, 4, 8))
    assert halving().rungs_kwh == ()


def test_workers_and_brackets_agree_on_the_rungs(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    pruner = EnergyHyperbandPruner(n_startup_trials=2)
    twin = pickle.loads(pickle.dumps(pruner))
    study = new_study(pruner, storage=storage)
    for energy_kwh in (20.0, 34.0):
        run(study, [(energy_kwh, 0.5)])
    joined = optuna.load_study(study_name="pruned", storage=storage, pruner=twin)
    for value in range(40):
        run(joined if value % 2 else study, [(26.9999, float(value))])
    keys = {key for t in study.trials for key in t.system_attrs}
    assert keys == {
        f"energy_rung:{bracket}:{kwh}" for bracket in range(4) for kwh in (1, 3, 9)[bracket:]
    }
    assert pruner.n_brackets == 4


def test_the_log_says_it_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="eahas_plugins")
    study = new_study(EnergyHyperbandPruner(n_startup_trials=3))
    for _ in range(9):
        run(study, [(0.5, 0.5), (1.0, 0.5)])
    assert [r.getMessage() for r in caplog.records] == [
        "EnergyHyperbandPruner prunes nothing until 3 trials are complete and have told their "
        "energy.",
        "EnergyHyperbandPruner: rungs lie between 37 Wh and 1 kWh, the median of the first 3 "
        "complete trials.",
    ]


def test_no_limit_is_promised_where_none_is_known() -> None:
    assert EnergyHyperbandPruner().max_kwh is None
    assert EnergyBudgetPruner(EnergyHyperbandPruner(), trial_limit_kwh=2.0).max_kwh == 2.0
    study = new_study(EnergyHyperbandPruner())
    budget = EnergyBudget(10.0)
    assert budget.start(study.ask())
    assert budget.balance(study).reserved_kwh == 0.0


@pytest.mark.parametrize("kind", [EnergySuccessiveHalvingPruner, EnergyHyperbandPruner])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_kwh": 1.0}, "`max_kwh` must be given with `min_kwh`=1.0, or neither"),
        ({"n_startup_trials": 0}, "`n_startup_trials` must be at least 1"),
        ({"n_startup_trials": math.nan}, "n_startup_trials must be a whole number"),
        ({"reduction_factor": math.nan}, "`reduction_factor` must be at least 2"),
    ],
)
def test_arguments(kind: Callable[..., Any], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)
