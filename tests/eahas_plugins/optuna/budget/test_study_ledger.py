"""Failures, retries, resume."""

from __future__ import annotations

from typing import Any

import optuna
import pytest
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.budget_worker import requeue
from tests.eahas_plugins.optuna.budget.studies import energies, new_study, training


def test_failed_trials_keep_what_they_burnt() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 2.0)
        raise RuntimeError("out of memory")

    study, budget = new_study(), EnergyBudget(5.0)
    study.optimize(budget.guard(objective), catch=(RuntimeError,))
    assert energies(study) == [2.0, 2.0, 2.0]
    assert {t.state for t in study.trials} == {TrialState.FAIL}


def dead_trial(study: optuna.Study, budget: EnergyBudget, energy_kwh: float) -> int:
    """A trial whose worker vanishes after reporting."""
    trial = study.ask()
    budget.start(trial, expected_kwh=4.0)
    budget.report(trial, energy_kwh=energy_kwh, next_step_kwh=1.0)
    return trial.number


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_retry_starts_from_zero_and_nothing_counts_twice() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    dead = dead_trial(study, budget, 3.0)
    requeue(study, dead)
    assert study.trials[1].user_attrs["energy_kwh"] == 3.0  # copied by Optuna
    assert budget.spent_kwh(study) == 3.0  # waiting
    retry = study.ask()
    assert budget.spent_kwh(study) == 3.0  # running, not started
    budget.start(retry)
    assert study.trials[1].user_attrs["energy_kwh"] == 0.0
    budget.report(retry, energy_kwh=3.0)
    assert budget.spent_kwh(study) == 6.0  # as much again is counted again
    study.tell(retry, 0.0)
    assert budget.spent_kwh(study) == 6.0
    assert EnergyBudget(10.0).spent_kwh(study) == 6.0


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_retry_that_fails_before_it_starts_counts_once() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    dead = dead_trial(study, budget, 3.0)
    requeue(study, dead)
    study.tell(study.ask(), state=TrialState.FAIL)
    assert budget.spent_kwh(study) == 3.0


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_storage_that_fails_once_hides_no_trial_for_good(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for storage in (None, f"sqlite:///{tmp_path}/s.db"):
        study, budget = new_study(storage=storage), EnergyBudget(10.0)
        requeue(study, dead_trial(study, budget, 3.0))
        study.tell(study.ask(), state=TrialState.FAIL)  # the retry, of which the storage is asked
        budget.start(last := study.ask())
        budget.report(last, energy_kwh=2.0)
        study.tell(last, 0.0)

        def fails(*_: Any, **__: Any) -> Any:
            raise StorageInternalError("database is locked")

        fresh = EnergyBudget(10.0)
        monkeypatch.setattr(study, "get_trials", fails)
        with pytest.raises(StorageInternalError):
            fresh.spent_kwh(study)
        monkeypatch.undo()
        assert fresh.spent_kwh(study) == 5.0


def test_a_storage_that_fails_at_first_hides_not_since_when_trials_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study, budget = new_study(), EnergyBudget(10.0)

    def unguarded(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 2.0)
        return 0.0

    study.optimize(unguarded, n_trials=1)
    study.optimize(unguarded, n_trials=1, callbacks=[budget])
    assert budget.spent_kwh(study) == EnergyBudget(10.0).spent_kwh(study) == 2.0

    def fails(*_: Any) -> Any:
        raise StorageInternalError("database is locked")

    fresh = EnergyBudget(10.0)
    monkeypatch.setattr("eahas_plugins.optuna.budget.study_ledger.first_start", fails)
    with pytest.raises(StorageInternalError):
        fresh.spent_kwh(study)
    monkeypatch.undo()
    assert fresh.spent_kwh(study) == 2.0


def test_lease_of_a_dead_worker_lapses() -> None:
    study, budget = new_study(), EnergyBudget(10.0, lease_s=60.0)
    now = [1000.0]
    budget._rules.clock = lambda: now[0]
    dead_trial(study, budget, 1.0)
    assert budget.balance(study).reserved_kwh == 3.0
    now[0] += 59.0
    assert budget.balance(study).reserved_kwh == 3.0
    now[0] += 2.0
    assert budget.balance(study).reserved_kwh == 0.0
    assert budget.spent_kwh(study) == 1.0  # what it burnt stays


def test_report_renews_the_lease() -> None:
    study, budget = new_study(), EnergyBudget(10.0, lease_s=60.0)
    now = [1000.0]
    budget._rules.clock = lambda: now[0]
    trial = study.ask()
    budget.start(trial, expected_kwh=4.0)
    for _ in range(5):
        now[0] += 50.0
        budget.report(trial, energy_kwh=1.0)
        assert budget.balance(study).reserved_kwh == 3.0


def test_resume_with_a_larger_cap(tmp_path: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    first = EnergyBudget(6.0)
    study = new_study(storage=storage, study_name="resumed")
    study.optimize(first.guard(training()), callbacks=[first])
    assert energies(study) == [4.0, 2.0]
    again = EnergyBudget(6.0)
    study = optuna.load_study(study_name="resumed", storage=storage)
    study.optimize(again.guard(training()))
    assert energies(study) == [4.0, 2.0, 0.0]  # nothing left: a trial is asked and ended
    larger = EnergyBudget(12.0)
    study.optimize(larger.guard(training()), callbacks=[larger])
    assert energies(study) == [4.0, 2.0, 0.0, 4.0, 2.0]
    assert study.user_attrs["energy_cap_kwh"] == 12.0


# --- energy set by hand, under no guard ---------------------------------------------------------


def test_a_loop_that_only_asks_whether_the_budget_is_exhausted_ends() -> None:
    study, budget = new_study(), EnergyBudget(3.0)
    while not budget.exhausted(study):
        trial = study.ask()
        trial.set_user_attr("energy_kwh", 1.0)
        study.tell(trial, 0.0)
        assert len(study.trials) < 10
    assert budget.spent_kwh(study) == EnergyBudget(3.0).spent_kwh(study) == 3.0
    assert EnergyBudget(3.0).exhausted(study)  # as another process has it


def test_a_callback_that_asks_whether_the_budget_is_exhausted_stops_the_study() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 1.0)
        return 0.0

    def stop(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        if budget.exhausted(study):
            study.stop()

    study, budget = new_study(), EnergyBudget(3.0)
    study.optimize(objective, callbacks=[stop], n_trials=10)
    assert budget.spent_kwh(study) == 3.0


def test_what_is_made_up_while_a_study_runs_does_not_count() -> None:
    study, budget = new_study(), EnergyBudget(3.0)
    study.optimize(budget.guard(training(0.25)), n_trials=1)
    study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": 7.0}))
    assert budget.spent_kwh(study) == EnergyBudget(3.0).spent_kwh(study) == 1.0
    assert EnergyBudget(30.0, count_added=True).spent_kwh(study) == 8.0
