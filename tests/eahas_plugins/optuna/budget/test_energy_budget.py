from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import energies, new_study, training

# --- arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize("kwh", [0.0, -1.0, math.nan, math.inf])
def test_unusable_cap(kwh: float) -> None:
    with pytest.raises(ValueError, match="`kwh` must be a positive finite number of kWh but got"):
        EnergyBudget(kwh)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either as `kwh` or as `kg_co2e`"),
        ({"kwh": 1.0, "kg_co2e": 1.0, "g_per_kwh": 400.0}, "either as `kwh` or as `kg_co2e`"),
        ({"kg_co2e": 1.0}, "needs `g_per_kwh`"),
        ({"kg_co2e": math.nan, "g_per_kwh": 400.0}, "`kg_co2e` must be positive"),
        ({"kwh": 1.0, "g_per_kwh": 0.0}, "`g_per_kwh` must be positive"),
        ({"kwh": 1.0, "trial_limit_kwh": math.nan}, "`trial_limit_kwh`"),
        ({"kwh": 1.0, "reserve": -1.0}, "`reserve`"),
        ({"kwh": 1.0, "reserve": "median"}, "`reserve`"),
        ({"kwh": 1.0, "shortfall": "wait"}, "`shortfall` must be 'truncate' or 'skip'"),
        ({"kwh": 1.0, "lease_s": 0.0}, "lease_s must be positive"),
        ({"kwh": 1.0, "min_gain_per_kwh": math.nan}, "`min_gain_per_kwh`"),
        ({"kwh": 1.0, "gain_window_kwh": 0.0}, "`gain_window_kwh`"),
    ],
)
def test_unusable_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EnergyBudget(**arguments)


def test_cap_in_emissions() -> None:
    budget = EnergyBudget(kg_co2e=2.0, g_per_kwh=400.0)
    assert budget.cap_kwh == 5.0
    study = new_study()
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert study.user_attrs["energy_spent_kg_co2e"] == 2.0


# --- in flight -------------------------------------------------------------------------------


def test_budget_is_used_up_and_not_overspent() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 2.0]
    assert [t.state for t in study.trials] == [
        TrialState.COMPLETE,
        TrialState.COMPLETE,
        TrialState.PRUNED,
    ]
    assert study.trials[-1].user_attrs["energy_stopped"] == {
        "by": "budget",
        "needed_kwh": 1.0,
        "spent_kwh": 10.0,
        "cap_kwh": 10.0,
    }
    assert study.trials[-1].value == 0.5  # what it had reached


def test_a_trial_that_fits_exactly_completes() -> None:
    study, budget = new_study(), EnergyBudget(8.0)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert energies(study) == [4.0, 4.0]
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


def test_without_foresight_one_step_too_much() -> None:
    study, budget = new_study(), EnergyBudget(9.5)
    study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 2.0]


def test_steady_training_looks_ahead() -> None:
    study, budget = new_study(), EnergyBudget(9.5, steady=True)
    study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 1.0]


def test_guard_needs_no_callback() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()))
    assert energies(study) == [4.0, 4.0, 2.0]
    assert study.user_attrs["energy"] == "10 of 10 kWh spent"
    assert study.user_attrs["energy_reserved_kwh"] == 0.0


def test_no_trials_for_the_last_crumbs() -> None:
    study, budget = new_study(), EnergyBudget(4.5)
    study.optimize(budget.guard(training()))
    assert energies(study) == [4.0, 0.0]  # the second does not begin, and there is no third


def test_objective_that_never_asks_is_ended_at_its_report() -> None:
    def objective(trial: optuna.Trial) -> float:
        for step in range(1, 5):
            trial.set_user_attr("energy_kwh", float(step))
        return 0.0

    study, budget = new_study(), EnergyBudget(6.0)
    study.optimize(budget.guard(objective))
    assert energies(study) == [4.0, 2.0]
    assert study.trials[-1].state is TrialState.PRUNED


def test_callback_alone_stops_between_trials() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(training(foresight=False), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 4.0]


def test_callback_alone_stops_a_study_of_many_small_trials() -> None:
    study, budget = new_study(), EnergyBudget(40.0)
    study.optimize(training(n_steps=1), n_trials=60, callbacks=[budget])
    assert budget.spent_kwh(study) == len(study.trials) == 40


def test_limit_per_trial() -> None:
    study, budget = new_study(), EnergyBudget(100.0, trial_limit_kwh=2.5)
    study.optimize(budget.guard(training()), n_trials=2)
    assert energies(study) == [2.0, 2.0]
    assert study.trials[0].user_attrs["energy_stopped"]["by"] == "trial_limit"
    assert not budget.exhausted(study)


def test_pruner_is_still_asked() -> None:
    study = new_study(pruner=optuna.pruners.ThresholdPruner(upper=0.9))
    budget = EnergyBudget(100.0)
    study.optimize(budget.guard(training()), n_trials=1)
    assert energies(study) == [1.0]
    assert study.trials[0].user_attrs["energy_stopped"] == {
        "by": "pruner",
        "pruner": "ThresholdPruner",
    }


def test_multi_objective() -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", 0.0, 1.0)
        for step in range(1, 5):
            trial.set_user_attr("energy_kwh", float(step))
        return x, 4.0

    study = new_study(directions=["maximize", "minimize"])
    budget = EnergyBudget(6.0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert energies(study) == [4.0, 2.0]
    assert [t.state for t in study.trials] == [TrialState.COMPLETE, TrialState.PRUNED]


def test_multi_objective_may_ask() -> None:
    asked = []

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        trial.set_user_attr("energy_kwh", 1.0)
        asked.append(trial.should_prune())
        return 0.0, 0.0

    study = new_study(directions=["maximize", "minimize"])
    study.optimize(EnergyBudget(2.5).guard(objective), n_trials=2)
    assert asked == [False, False]
    study.optimize(EnergyBudget(2.5).guard(objective), n_trials=2)
    assert energies(study) == [1.0, 1.0, 1.0]


# --- ask and tell ----------------------------------------------------------------------------


def test_ask_and_tell() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    while not budget.exhausted(study):
        trial = study.ask()
        if not budget.start(trial, expected_kwh=4.0, next_step_kwh=1.0):
            study.tell(trial, state=TrialState.PRUNED)
            continue
        for step in range(1, 5):
            coming = 0.0 if step == 4 else 1.0
            if budget.report(trial, energy_kwh=float(step), next_step_kwh=coming):
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, 0.0)
    assert energies(study) == [4.0, 4.0, 2.0]


def test_report_of_a_trial_started_elsewhere() -> None:
    study = new_study()
    trial = study.ask()
    EnergyBudget(10.0).start(trial, expected_kwh=4.0)
    other = EnergyBudget(10.0)
    assert not other.report(trial, energy_kwh=9.0)
    assert other.report(trial, energy_kwh=10.0)


# --- threads, copies, progress ---------------------------------------------------------------


def test_threads_do_not_overspend() -> None:
    study, budget = new_study(), EnergyBudget(30.0)

    def objective(trial: optuna.Trial) -> float:
        return training(0.5 + trial.suggest_float("x", 0.0, 1.0))(trial)

    study.optimize(budget.guard(objective), callbacks=[budget], n_jobs=4)
    spent_kwh = sum(energies(study))
    assert 30.0 - 4 * 1.5 <= spent_kwh <= 30.0
    assert budget.spent_kwh(study) == pytest.approx(spent_kwh)


def test_pickling_and_copies_in_the_middle_of_a_study() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), callbacks=[budget], n_trials=1)
    for twin in (pickle.loads(pickle.dumps(budget)), copy.deepcopy(budget)):
        assert twin.spent_kwh(study) == 4.0
        assert twin.cap_kwh == budget.cap_kwh
    twin.guard(training())(study.ask())
    assert budget.spent_kwh(study) == 8.0


def test_copied_study_has_its_own_account(tmp_path: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    study, budget = new_study(study_name="one", storage=storage), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), callbacks=[budget], n_trials=1)
    optuna.copy_study(
        from_study_name="one", from_storage=storage, to_storage=storage, to_study_name="two"
    )
    copied = optuna.load_study(study_name="two", storage=storage)
    assert budget.spent_kwh(copied) == 4.0
    copied.optimize(budget.guard(training()), callbacks=[budget], n_trials=1)
    assert (budget.spent_kwh(copied), budget.spent_kwh(study)) == (8.0, 4.0)
    assert EnergyBudget(10.0).spent_kwh(copied) == 8.0


def test_live_attributes_during_a_trial() -> None:
    shown = []

    def objective(trial: optuna.Trial) -> float:
        shown.append(trial.study.user_attrs)
        return training()(trial)

    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(objective), callbacks=[budget], n_trials=2)
    assert shown[1] == {
        "energy_cap_kwh": 10.0,
        "energy_spent_kwh": 4.0,
        "energy": "4 of 10 kWh spent",
        "energy_reserved_kwh": 0.0,
    }


def test_progress_bar_in_kwh(capsys: pytest.CaptureFixture[str]) -> None:
    study, budget = new_study(), EnergyBudget(10.0, show_progress=True)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert "10 of 10 kWh" in capsys.readouterr().out
