"""A budget in trainings, of which the first tell the kWh."""

from __future__ import annotations

import logging
import math
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from eahas_plugins.optuna import EnergyBudget, TrainingsBudget


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    optuna.logging.enable_propagation()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    caplog.set_level(logging.INFO)
    yield lambda: [m for r in caplog.records if "trainings of" in (m := r.getMessage())]
    optuna.logging.disable_propagation()


def study_of(**options: Any) -> optuna.Study:
    return optuna.create_study(sampler=RandomSampler(seed=0), study_name="s", **options)


def costing(*energies_kwh: float) -> Callable[[optuna.Trial], float]:
    """Trial n takes the n-th energy, the later ones the last."""

    def objective(trial: optuna.Trial) -> float:
        total_kwh = energies_kwh[min(trial.number, len(energies_kwh) - 1)]
        for step in range(1, 5):
            trial.set_user_attr("energy_kwh", total_kwh * step / 4)
            trial.report(0.5, step)
            if step < 4 and trial.should_prune():
                raise optuna.TrialPruned
        return trial.suggest_float("x", 0.0, 1.0)

    return objective


def test_the_cap_is_the_mean_of_the_first(log: Callable[[], list[str]]) -> None:
    budget, study = TrainingsBudget(10), study_of()
    objective = costing(1.0, 2.0, 6.0, 100.0)
    study.optimize(budget.guard(objective), n_trials=2, callbacks=[budget])
    assert budget.cap_kwh == math.inf
    assert "energy_cap_kwh" not in study.user_attrs
    assert budget.balance(study).spent_kwh == study.user_attrs["energy_spent_kwh"] == 3.0
    assert not budget.exhausted(study)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert budget.cap_kwh == study.user_attrs["energy_cap_kwh"] == 30.0  # 100 does not move it
    assert [t.state for t in study.trials][-1] is TrialState.PRUNED
    assert budget.spent_kwh(study) == 34.0  # one step over, as with any budget
    assert log() == [
        "The energy budget is 10 trainings of 3 kWh, 30 kWh: the mean of the first 3 complete "
        "ones, which took 1 kWh to 6 kWh."
    ]


@pytest.mark.parametrize("fidelity_param", ["auto", "epochs", None])
def test_only_the_longest_schedule_is_a_training(fidelity_param: str | None) -> None:
    def objective(trial: optuna.Trial) -> float:
        epochs = trial.suggest_categorical("epochs", [1, 4])
        trial.set_user_attr("energy_kwh", float(epochs))
        return float(trial.number)

    study = study_of()
    for epochs in (1, 1, 4, 1, 4):
        study.enqueue_trial({"epochs": epochs})
    budget = TrainingsBudget(8, n_measured=2, fidelity_param=fidelity_param)
    study.optimize(budget.guard(objective), n_trials=5, callbacks=[budget])
    assert budget.cap_kwh == (8.0 if fidelity_param is None else 32.0)


def test_failed_pruned_and_foreign_trials_are_no_trainings() -> None:
    study = study_of()
    study.add_trial(optuna.trial.create_trial(value=0.0, user_attrs={"energy_kwh": 100.0}))
    budget = TrainingsBudget(4, n_measured=1)

    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 1.0)
        if trial.number == 1:
            raise RuntimeError
        if trial.number == 2:
            raise optuna.TrialPruned
        return 0.0

    study.optimize(budget.guard(objective), n_trials=2, callbacks=[budget], catch=(RuntimeError,))
    assert budget.cap_kwh == math.inf
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert (budget.cap_kwh, budget.spent_kwh(study)) == (4.0, 4.0)


def test_a_limit_per_trial_holds_before_the_cap_is_known() -> None:
    budget, study = TrainingsBudget(9, trial_limit_kwh=0.5), study_of()
    study.optimize(budget.guard(costing(1.0)), n_trials=1, callbacks=[budget])
    assert study.trials[0].user_attrs["energy_kwh"] == 0.5


def test_every_worker_and_a_restart_find_the_same_cap(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    budget, study = TrainingsBudget(4), study_of(storage=storage)
    study.optimize(budget.guard(costing(1.0, 2.0, 3.0, 4.0)), callbacks=[budget])
    assert budget.cap_kwh == 8.0
    joined = optuna.load_study(study_name="s", storage=storage, sampler=RandomSampler(seed=1))
    assert TrainingsBudget(4).exhausted(joined)
    assert pickle.loads(pickle.dumps(budget)).balance(joined).cap_kwh == 8.0
    raised = TrainingsBudget(10)
    joined.optimize(raised.guard(costing(4.0)), callbacks=[raised])
    assert (raised.cap_kwh, raised.spent_kwh(joined)) == (20.0, 20.0)


def test_a_cap_may_still_be_set() -> None:
    budget, study = TrainingsBudget(100), study_of()
    budget.cap_kwh = 2.0
    study.optimize(budget.guard(costing(1.0)), callbacks=[budget])
    assert budget.spent_kwh(study) == 2.0


def test_it_shows_progress_before_the_cap_is_known() -> None:
    budget, study = TrainingsBudget(4, show_progress=True), study_of()
    study.optimize(budget.guard(costing(1.0)), callbacks=[budget])
    assert budget.spent_kwh(study) == 4.0
    budget.close()


def test_another_study_needs_another_one() -> None:
    budget, study = TrainingsBudget(4), study_of()
    study.optimize(budget.guard(costing(1.0)), n_trials=1, callbacks=[budget])
    other = optuna.create_study(study_name="other")
    with pytest.raises(ValueError, match="must serve one study but got 'other' after 's'"):
        other.optimize(budget.guard(costing(1.0)), n_trials=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"trainings": 2}, "at least n_measured=3, but got 2"),
        ({"trainings": math.nan}, "at least n_measured=3, but got nan"),
        ({"trainings": math.inf}, "must be finite"),
        ({"trainings": 9, "n_measured": 0}, "n_measured must be at least 1"),
        ({"trainings": 9, "trial_limit_kwh": 0.0}, "trial_limit_kwh"),
    ],
)
def test_wrong_arguments_are_said(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingsBudget(**arguments)


def test_a_cap_of_before_is_not_that_of_the_trainings() -> None:
    study, before, budget = study_of(), EnergyBudget(5.0), TrainingsBudget(10)
    study.optimize(before.guard(costing(2.0)), n_trials=1, callbacks=[before])
    assert study.user_attrs["energy_cap_kwh"] == 5.0
    study.optimize(budget.guard(costing(2.0)), n_trials=1, callbacks=[budget])
    assert study.user_attrs["energy_cap_kwh"] is None
    study.optimize(budget.guard(costing(2.0)), n_trials=1, callbacks=[budget])
    assert study.user_attrs["energy_cap_kwh"] == budget.cap_kwh == 20.0


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if "none of them with" in record.message]


def of_some_length(trial: optuna.Trial) -> float:
    epochs = trial.suggest_int("epochs", 10, 1000)
    trial.set_user_attr("energy_kwh", 1e-3 * epochs)
    return float(epochs)


def test_that_no_training_has_the_longest_schedule_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    budget, study = TrainingsBudget(6), study_of()
    study.optimize(budget.guard(of_some_length), n_trials=9, callbacks=[budget])
    assert not warnings(caplog)
    study.optimize(budget.guard(of_some_length), n_trials=9, callbacks=[budget])
    (record,) = warnings(caplog)
    assert "none of them with the longest epochs, 1000. Until 3 are" in record.message
    budget = TrainingsBudget(6, fidelity_param=None)  # the way out that it tells
    assert budget.balance(study).cap_kwh < math.inf


def test_trials_of_another_study_are_not_asked_for_their_length(
    caplog: pytest.LogCaptureFixture,
) -> None:
    study, other = study_of(), study_of()
    other.optimize(TrainingsBudget(6).guard(of_some_length), n_trials=9)
    study.add_trials(other.trials)
    budget = TrainingsBudget(6)
    study.optimize(budget.guard(of_some_length), n_trials=9, callbacks=[budget])
    assert not warnings(caplog)
