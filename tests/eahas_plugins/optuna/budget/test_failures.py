"""A study in which every trial fails ends, however little that needs, and says why."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna import EnergyBudget, energy_study
from eahas_plugins.optuna.budget.failures import Failures
from eahas_plugins.optuna.budget.in_trainings import TrainingsBudget


def broken(trial: optuna.Trial) -> float:
    trial.suggest_float("x", 0.0, 1.0)
    raise FileNotFoundError("no such data set")


@pytest.mark.parametrize("kind", [EnergyBudget, TrainingsBudget])
@pytest.mark.parametrize("guarded", [True, False])
def test_it_ends_with_the_first_error(
    kind: type[EnergyBudget], guarded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    study, budget = optuna.create_study(), kind(10.0)
    objective = budget.guard(broken) if guarded else broken
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        study.optimize(objective, n_trials=200, callbacks=[budget], catch=Exception)
    assert len(study.trials) == 50
    told = [r.getMessage() for r in caplog.records if "The study ends" in r.getMessage()]
    assert len(told) == 1
    assert "trials since this process began have failed" in told[0]
    assert ("the first with: FileNotFoundError: no such data set" in told[0]) is guarded
    assert "No trial is complete, feasible and finite." in told[0]
    assert budget.spent_kwh(study) == 0.0


def test_it_goes_on_once_the_cause_is_mended() -> None:
    study, budget = energy_study(0.03, direction="minimize", meter=None, seed=0)
    study.optimize(budget.guard(broken), n_trials=200, callbacks=[budget], catch=Exception)
    n = len(study.trials)
    assert n < 60

    def mended(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 0.01)
        return trial.suggest_float("x", 0.0, 1.0)

    study.optimize(budget.guard(mended), n_trials=200, callbacks=[budget], catch=Exception)
    assert [t.state for t in study.trials[n:]] == [TrialState.COMPLETE] * 3


@pytest.mark.parametrize("good", ["complete", "pruned"])
def test_one_that_trains_is_enough(good: str) -> None:
    budget = EnergyBudget(1.0)

    def objective(trial: optuna.Trial) -> float:
        if trial.number != 20:
            return broken(trial)
        trial.set_user_attr("energy_kwh", 1e-3)
        trial.report(0.5, 1)
        if good == "pruned":
            raise optuna.TrialPruned
        return 0.5

    study = optuna.create_study()
    study.optimize(budget.guard(objective), n_trials=80, callbacks=[budget], catch=Exception)
    assert len(study.trials) == 80


def test_where_every_longest_training_fails_nobody_knows_what_trainings_are() -> None:
    study, budget = energy_study(
        trainings=6, direction="minimize", meter=None, seed=0, fidelity_param="epochs"
    )

    def objective(trial: optuna.Trial) -> float:
        epochs = trial.suggest_categorical("epochs", [5, 20])
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("energy_kwh", 1e-5 * epochs)
        if epochs == 20:
            raise MemoryError
        return x

    study.optimize(budget.guard(objective), n_trials=500, callbacks=[budget], catch=Exception)
    longest = [t for t in study.trials if t.params["epochs"] == 20]
    assert len(longest) == 50
    assert len(study.trials) > 4 * len(longest)  # of the others four before each
    assert budget.cap_kwh == float("inf")


def test_a_loop_that_asks_and_tells_ends_too() -> None:
    study, budget = optuna.create_study(), EnergyBudget(1.0)
    while not budget.exhausted(study):
        trial = study.ask()
        assert budget.start(trial)
        study.tell(trial, state=TrialState.FAIL)
        assert len(study.trials) < 100
    assert len(study.trials) == 50


def test_values_that_are_nan_have_failed_too() -> None:
    study, budget = optuna.create_study(), EnergyBudget(1.0)

    def diverges(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 1e-4)
        return float("nan")

    study.optimize(budget.guard(diverges), n_trials=200, callbacks=[budget])
    assert len(study.trials) == 50


def test_what_it_has_seen_stays_in_its_process() -> None:
    study: Any = optuna.create_study()
    failures = Failures()
    failures.watch(study)
    assert pickle.loads(pickle.dumps(failures)).in_vain(study, None) is None


@pytest.mark.parametrize("guarded", [True, False])
def test_what_succeeded_before_this_process_is_no_sign(guarded: bool) -> None:
    study, budget = optuna.create_study(), EnergyBudget(1.0)
    study.add_trial(optuna.create_trial(value=1.0))
    budget = pickle.loads(pickle.dumps(budget))  # made after the trial
    objective = budget.guard(broken) if guarded else broken
    study.optimize(objective, n_trials=200, callbacks=[budget], catch=Exception)
    assert len(study.trials) == 51


def test_a_loop_of_guarded_trials_ends_too() -> None:
    study, budget = optuna.create_study(), EnergyBudget(1.0)
    guarded = budget.guard(broken)
    while not budget.exhausted(study):
        trial = study.ask()
        with pytest.raises(FileNotFoundError):
            guarded(trial)
        study.tell(trial, state=TrialState.FAIL)
        assert len(study.trials) < 100
    assert len(study.trials) == 50


def test_a_long_error_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    def broken_at_length(trial: optuna.Trial) -> float:
        raise RuntimeError("CUDA error: an illegal access\n" + "at some place\n" * 100)

    study, budget = optuna.create_study(), EnergyBudget(1.0)
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        study.optimize(
            budget.guard(broken_at_length), n_trials=60, callbacks=[budget], catch=Exception
        )
    (told,) = [r.getMessage() for r in caplog.records if "The study ends" in r.getMessage()]
    assert "the first with: RuntimeError: CUDA error: an illegal access; 0 of 1 kWh" in told
