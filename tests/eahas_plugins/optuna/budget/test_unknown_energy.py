"""Energy that nobody knows is not 0."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.energy import CpuTimeMeter
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.tracker import EnergyTracker
from tests.eahas_plugins.optuna.budget.budget_worker import requeue
from tests.eahas_plugins.optuna.budget.studies import energies, new_study, training


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def with_clock(kwh: float, **options: Any) -> tuple[EnergyBudget, Clock]:
    budget, clock = EnergyBudget(kwh, **options), Clock()
    budget._rules.clock = clock
    return budget, clock


# --- workers that were lost ---------------------------------------------------------------------


def lost(study: optuna.Study, **start: Any) -> optuna.Trial:
    """A trial whose process is killed before it reports."""
    trial = study.ask()
    assert EnergyBudget(100.0, reserve=None).start(trial, **start)
    return trial


@pytest.mark.parametrize("failed_by_heartbeat", [False, True])
@pytest.mark.parametrize(
    ("start", "charged_kwh"),
    [
        ({"expected_kwh": 3.0}, 3.0),
        ({"expected_kwh": 3.0, "next_step_kwh": 1.0}, 1.0),  # it has not come to the second step
        ({}, 4.0),  # the median
    ],
)
def test_a_lost_trial_is_charged(
    start: dict[str, float], charged_kwh: float, failed_by_heartbeat: bool
) -> None:
    study = new_study()
    budget, clock = with_clock(100.0, lease_s=60.0)
    for steps in (3, 4, 5):
        study.optimize(EnergyBudget(100.0).guard(training(n_steps=steps)), n_trials=1)
    trial = lost(study, **start)
    assert budget.spent_kwh(study) == 12.0  # it may still be at work
    clock.now_s += 61.0
    if failed_by_heartbeat:
        study.tell(trial.number, state=TrialState.FAIL)
    assert budget.spent_kwh(study) == 12.0 + charged_kwh
    assert EnergyBudget(100.0).spent_kwh(study) == 12.0 + charged_kwh * failed_by_heartbeat


def test_what_a_lost_trial_wrote_is_what_counts() -> None:
    study = new_study()
    budget, clock = with_clock(100.0, lease_s=60.0)
    trial = lost(study, expected_kwh=3.0)
    EnergyBudget(100.0).report(trial, energy_kwh=0.5)
    assert budget.spent_kwh(study) == 0.5
    clock.now_s += 61.0
    assert budget.spent_kwh(study) == 0.5
    EnergyBudget(100.0).report(trial, energy_kwh=0.75)  # it was only slow
    assert budget.spent_kwh(study) == 0.75


def test_an_objective_that_raises_at_once_is_not_charged() -> None:
    def objective(trial: optuna.Trial) -> float:
        raise MemoryError

    study, budget = new_study(), EnergyBudget(5.0, reserve=2.0)
    study.optimize(budget.guard(objective), n_trials=10, catch=(MemoryError,))
    assert budget.spent_kwh(study) == EnergyBudget(5.0).spent_kwh(study) == 0.0


def test_a_trial_that_the_budget_did_not_start_is_not_charged() -> None:
    study, budget = new_study(), EnergyBudget(5.0, shortfall="skip")
    trial = study.ask()
    assert not budget.start(trial, expected_kwh=6.0)
    study.tell(trial.number, state=TrialState.FAIL)
    assert budget.spent_kwh(study) == 0.0


# --- trainings that report nothing --------------------------------------------------------------


def silent(attrs: dict[str, Any]) -> Any:
    def objective(trial: optuna.Trial) -> float:
        for key, value in attrs.items():
            trial.set_user_attr(key, value)
        return 0.0

    return objective


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_silent_study_is_told_once(caplog: pytest.LogCaptureFixture, n_jobs: int) -> None:
    study, budget = new_study(), EnergyBudget(1.0)
    study.optimize(budget.guard(silent({"note": 1})), callbacks=[budget], n_trials=6, n_jobs=n_jobs)
    (record,) = warnings(caplog)
    assert record.levelno == logging.WARNING
    assert "without reporting energy" in record.message
    assert "'energy_kwh'" in record.message
    assert "EnergyTracker" in record.message
    assert "note" not in record.message


@pytest.mark.parametrize(
    "slip", ["energy_kWh", "energy-kwh", "energykwh", "kWh", "energy", "energy_kw", "enrgy_kwh"]
)
def test_a_slip_in_the_name_is_named(caplog: pytest.LogCaptureFixture, slip: str) -> None:
    study, budget = new_study(), EnergyBudget(1.0)
    study.optimize(budget.guard(silent({slip: 0.5, "accuracy": 0.9})), n_trials=2)
    (record,) = warnings(caplog)
    assert f"it has set {slip!r}" in record.message


@pytest.mark.parametrize("energy", [math.nan, -1.0, "1 kWh", None])
def test_no_energy_without_guard_is_told(caplog: pytest.LogCaptureFixture, energy: object) -> None:
    study, budget = new_study(), EnergyBudget(1.0)
    study.optimize(silent({"energy_kwh": energy}), callbacks=[budget], n_trials=2)
    (record,) = warnings(caplog)
    assert "without reporting energy" in record.message
    assert (repr(energy) in record.message) is (energy is not None)


def test_each_study_of_a_budget_is_told(caplog: pytest.LogCaptureFixture) -> None:
    budget = EnergyBudget(1.0)
    for _ in range(2):
        new_study().optimize(budget.guard(silent({})), n_trials=2)
    assert len(warnings(caplog)) == 2


def test_nothing_is_told_where_energy_arrives(caplog: pytest.LogCaptureFixture) -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert warnings(caplog) == []


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, np.int64, np.array])
@pytest.mark.parametrize("guarded", [False, True])
def test_energies_of_every_kind_count(kind: Any, guarded: bool) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", kind(2))
        return 0.0

    study, budget = new_study(), EnergyBudget(100.0)
    study.optimize(budget.guard(objective) if guarded else objective, n_trials=3)
    assert budget.spent_kwh(study) == 6.0


@pytest.mark.parametrize("key", ["energy_kwh", "energy_reserved_kwh", "energy_step_kwh"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -1e-9, np.float32("nan"), "1", None, 10**400])
def test_what_is_no_energy_is_refused_where_it_enters(key: str, bad: object) -> None:
    study, budget = new_study(), EnergyBudget(1.0)
    with pytest.raises(ValueError, match=f"`{key}` must be a finite number of kWh, zero or more"):
        study.optimize(budget.guard(silent({key: bad})), n_trials=1)
    assert budget.spent_kwh(study) == 0.0


# --- trials of other studies --------------------------------------------------------------------


def other_study(*, guarded: bool) -> optuna.Study:
    study, budget = new_study(), EnergyBudget(1e6)
    objective = training(foresight=False)
    study.optimize(budget.guard(objective) if guarded else objective, n_trials=3)
    return study


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("ask_and_tell", [False, True])
def test_energy_of_another_study_does_not_use_up_the_budget(
    guarded: bool, ask_and_tell: bool
) -> None:
    study, budget = new_study(), EnergyBudget(8.0)
    study.add_trials(other_study(guarded=guarded).trials)
    objective = budget.guard(training())
    if ask_and_tell:
        while not budget.exhausted(study):
            trial = study.ask()
            study.tell(trial, objective(trial))
    else:
        study.optimize(objective, callbacks=[budget])
    assert energies(study) == [4.0] * 5
    assert budget.spent_kwh(study) == EnergyBudget(8.0).spent_kwh(study) == 8.0
    asked_to = EnergyBudget(8.0, count_added=True)
    assert asked_to.spent_kwh(study) == 20.0
    assert asked_to.exhausted(study)


def test_known_results_cost_nothing() -> None:
    study, budget = new_study(), EnergyBudget(8.0)
    study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": 100.0}))
    assert not budget.exhausted(study)
    study.optimize(budget.guard(training()), callbacks=[budget])
    assert budget.spent_kwh(study) == 8.0


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("looks", [0, 1, 2])  # `energy_study` does, before trials can be added
def test_a_study_of_the_same_name_elsewhere_is_another(first: int, looks: int) -> None:
    study, other, budget = new_study(study_name="a"), new_study(study_name="a"), EnergyBudget(100.0)
    other.optimize(budget.guard(training()), n_trials=3)
    assert not looks or budget.spent_kwh(study) == 0.0
    study.add_trials(other.trials[first:])
    assert looks < 2 or budget.spent_kwh(study) == 0.0
    study.optimize(budget.guard(training()), n_trials=1)
    assert budget.spent_kwh(study) == EnergyBudget(100.0).spent_kwh(study) == 4.0


def test_trials_added_in_the_middle_do_not_count() -> None:
    earlier = other_study(guarded=True).trials
    study, budget = new_study(), EnergyBudget(100.0)
    study.optimize(budget.guard(training()), n_trials=1)
    study.add_trials(earlier)
    study.optimize(budget.guard(training()), n_trials=1)
    assert budget.spent_kwh(study) == 8.0


def test_it_is_said_what_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    study, budget = new_study(), EnergyBudget(8.0)
    study.add_trials(other_study(guarded=False).trials)
    study.optimize(budget.guard(training()), callbacks=[budget])
    (record,) = warnings(caplog)
    assert "does not count 12 kWh" in record.message
    assert "`count_added=True`" in record.message


def test_a_study_without_any_budget_counts_all_its_trials() -> None:
    assert EnergyBudget(100.0).spent_kwh(other_study(guarded=False)) == 12.0


def test_unguarded_trials_beside_guarded_ones_count() -> None:
    study, budget = new_study(), EnergyBudget(100.0)
    study.optimize(budget.guard(training()), n_trials=1)
    study.optimize(training(), n_trials=1)
    assert budget.spent_kwh(study) == EnergyBudget(100.0).spent_kwh(study) == 8.0


def test_trials_of_a_callback_alone_count_after_a_restart(tmp_path: Any) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    study, budget = new_study(study_name="one", storage=storage), EnergyBudget(100.0)
    study.optimize(training(), callbacks=[budget], n_trials=3)
    study = optuna.load_study(study_name="one", storage=storage)
    study.optimize(EnergyBudget(100.0).guard(training()), n_trials=1)
    assert EnergyBudget(100.0).spent_kwh(study) == 16.0


def test_tracked_trials_count_when_a_budget_comes_later() -> None:
    meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)

    def objective(trial: optuna.Trial) -> float:
        with EnergyTracker(trial, meter=meter) as energy:
            energy.report(0.0, step=1)
        return 0.0

    study = new_study()
    study.optimize(objective, n_trials=2)
    budget = EnergyBudget(100.0)
    study.optimize(budget.guard(objective), n_trials=1)
    assert budget.spent_kwh(study) == pytest.approx(sum(energies(study)), rel=1e-12)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_lost_trial_is_charged_once_though_it_is_retried() -> None:
    study, budget = new_study(), EnergyBudget(100.0)
    requeue(study, lost(study, expected_kwh=3.0).number)
    assert budget.spent_kwh(study) == 3.0  # waiting
    retry = study.ask()
    assert budget.spent_kwh(study) == 3.0  # running, not started
    budget.start(retry, expected_kwh=3.0)
    assert budget.spent_kwh(study) == 3.0
    budget.report(retry, energy_kwh=1.0)
    study.tell(retry, 0.0)
    assert budget.spent_kwh(study) == EnergyBudget(100.0).spent_kwh(study) == 4.0
