"""A refusal, a full reservation, a busy or silent worker means "not now"."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import energies, new_study, training


class World:
    """A clock that goes on only while a budget sleeps, and what happens meanwhile."""

    def __init__(self, budget: EnergyBudget) -> None:
        self.now_s = 0.0
        self.events: list[tuple[float, Callable[[], object]]] = []
        budget._rules.clock = lambda: self.now_s
        budget._rules.sleep = self.sleep

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        due = [event for event in self.events if event[0] <= self.now_s]
        self.events = [event for event in self.events if event[0] > self.now_s]
        for _, act in due:
            act()


def test_a_trial_waits_until_another_gives_back_what_it_did_not_need() -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=6.0, shortfall="skip")
    world = World(budget)
    first, second = study.ask(), study.ask()
    assert budget.start(first)
    budget.report(first, energy_kwh=1.0)
    world.events.append((100.0, lambda: study.tell(first, 0.0)))
    assert budget.start(second)
    assert 100.0 <= world.now_s < 102.0
    assert budget.balance(study).reserved_kwh == 6.0


def test_a_trial_waits_until_a_silent_promise_lapses() -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=6.0, shortfall="skip", lease_s=900.0)
    world = World(budget)
    dead = study.ask()
    EnergyBudget(10.0).start(dead, expected_kwh=6.0)
    EnergyBudget(10.0).report(dead, energy_kwh=0.5)
    assert budget.start(study.ask())
    assert 900.0 <= world.now_s < 902.0


def test_a_long_wait_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=6.0, shortfall="skip", lease_s=900.0)
    World(budget)
    EnergyBudget(10.0).start(study.ask(), expected_kwh=6.0)
    optuna.logging.set_verbosity(optuna.logging.INFO)
    assert not budget.start(study.ask())  # the silent trial is charged what was promised to it
    (line,) = [r.message for r in caplog.records if "waits" in r.message]
    assert "6 kWh are promised to trials 0." in line
    assert "900 s" in line


def test_known_needs_that_do_not_fit_give_way_to_others_first() -> None:
    study, budget = new_study(), EnergyBudget(10.0, shortfall="skip")
    world = World(budget)
    first = study.ask()
    assert budget.start(first, expected_kwh=6.0)
    for _ in range(3):
        assert not budget.start(study.ask(), expected_kwh=5.0)
    assert world.now_s == 0.0
    assert not budget.exhausted(study)
    assert budget.start(study.ask(), expected_kwh=4.0)


def test_waiting_trials_do_not_wait_for_each_other() -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=6.0, shortfall="skip")
    World(budget)
    others = EnergyBudget(10.0, reserve=6.0, shortfall="skip")
    first, second = study.ask(), study.ask()
    assert budget.start(first)
    budget.report(first, energy_kwh=6.0)
    world = World(others)
    second.set_user_attr("energy_account", [study.study_name, 1, "waiting", 0])
    second.set_user_attr("energy_reserved_kwh", 6.0)
    assert not others.start(study.ask())
    assert world.now_s == 0.0  # nobody can give anything back


def dear_first(n_dear: int) -> Callable[[optuna.Trial], float]:
    def objective(trial: optuna.Trial) -> float:
        return training(5.0 if trial.number < n_dear else 0.5)(trial)

    return objective


@pytest.mark.parametrize("n_jobs", [1, 4])
@pytest.mark.parametrize("shortfall", ["skip", "truncate"])
def test_dear_trials_do_not_end_a_study_in_which_others_fit(n_jobs: int, shortfall: Any) -> None:
    study = new_study()
    study.optimize(EnergyBudget(100.0).guard(training(0.5)), n_trials=1)
    budget = EnergyBudget(10.0, shortfall=shortfall)
    study.optimize(budget.guard(dear_first(3)), callbacks=[budget], n_jobs=n_jobs)
    assert budget.spent_kwh(study) == pytest.approx(sum(energies(study)))
    assert budget.spent_kwh(study) >= 9.0  # less than a cheap training is left


def test_more_dear_trials_in_a_row_than_anybody_waits_for_end_the_study() -> None:
    study, budget = new_study(), EnergyBudget(10.0, shortfall="skip")
    study.optimize(budget.guard(dear_first(1000)), callbacks=[budget])
    assert len(study.trials) == 20
    assert budget.spent_kwh(study) == 0.0


@pytest.mark.parametrize("n_jobs", [2, 4])
def test_workers_with_reservations_spend_what_one_does(n_jobs: int) -> None:
    meet = threading.Barrier(2, timeout=60.0)

    def objective(trial: optuna.Trial) -> float:
        if trial.number < 2:
            meet.wait()  # two are at work at once, and a third finds no room
        return training(0.25, foresight=False)(trial)

    study, budget = new_study(), EnergyBudget(8.0, reserve=3.0, shortfall="skip")
    study.optimize(budget.guard(objective), callbacks=[budget], n_jobs=n_jobs)
    assert energies(study).count(1.0) == 6  # then 2 kWh are left, and 3 do not fit
    assert budget.exhausted(study)
    assert all(t.state.is_finished() for t in study.trials)


def test_a_reservation_by_a_function_is_each_trials_own() -> None:
    def reserve(study: optuna.Study, trial: optuna.Trial) -> float:
        return 20.0 if trial.number in (1, 2, 5) else 1.0

    study, budget = new_study(), EnergyBudget(5.0, reserve=reserve, shortfall="skip")
    study.optimize(budget.guard(training(0.25, foresight=False)), callbacks=[budget], n_trials=8)
    assert energies(study) == [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]


def test_what_another_has_announced_is_not_spent_yet() -> None:
    study, budget = new_study(), EnergyBudget(5.0)
    world = World(budget)
    first = study.ask()
    assert budget.start(first, expected_kwh=5.0, next_step_kwh=5.0)
    assert not budget.exhausted(study)
    world.events.append((50.0, lambda: study.tell(first, state=TrialState.FAIL)))
    budget.record(first, 1.0)
    assert budget.start(study.ask())  # waited for 4 kWh that the first did not spend
    assert world.now_s >= 50.0


def test_the_study_ends_when_the_announced_step_was_the_last() -> None:
    study, budget = new_study(), EnergyBudget(5.0)
    world = World(budget)
    first = study.ask()
    assert budget.start(first, expected_kwh=5.0, next_step_kwh=5.0)

    def finish() -> None:
        budget.record(first, 5.0)
        study.tell(first, 0.0)

    world.events.append((50.0, finish))
    assert not budget.start(study.ask())
    assert budget.exhausted(study)


def test_threads_come_back_within_a_minute() -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=6.0, shortfall="skip", lease_s=900.0)
    world = World(budget)
    EnergyBudget(10.0).start(study.ask(), expected_kwh=6.0)
    started: list[bool] = []
    thread = threading.Thread(target=lambda: started.append(budget.start(study.ask())))
    thread.start()
    thread.join()
    assert started == [False]
    assert 60.0 <= world.now_s < 62.0
    assert not budget.exhausted(study)


def test_ctrl_c_ends_a_wait() -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=6.0, shortfall="skip")
    world = World(budget)
    EnergyBudget(10.0).start(study.ask(), expected_kwh=6.0)

    def interrupt() -> None:
        raise KeyboardInterrupt

    world.events.append((3.0, interrupt))
    with pytest.raises(KeyboardInterrupt):
        study.optimize(budget.guard(training()))
    assert study.trials[1].state is TrialState.FAIL
    assert budget.spent_kwh(study) == 0.0


# --- leases are the reader's -------------------------------------------------------------------


def test_the_writers_clock_does_not_matter() -> None:
    study, reader = new_study(), EnergyBudget(10.0, lease_s=60.0)
    world = World(reader)
    writer = EnergyBudget(10.0, lease_s=60.0)
    writer._rules.clock = lambda: 1e12  # ten thousand years ahead
    trial = study.ask()
    writer.start(trial, expected_kwh=4.0)
    writer.report(trial, energy_kwh=1.0)
    assert reader.balance(study).reserved_kwh == 3.0
    world.now_s += 59.0
    assert reader.balance(study).reserved_kwh == 3.0
    world.now_s += 2.0
    assert reader.balance(study).reserved_kwh == 0.0
    writer.report(trial, energy_kwh=2.0)
    assert reader.balance(study).reserved_kwh == 2.0  # it was only slow


# --- state is the study's ----------------------------------------------------------------------


def objective(trial: optuna.Trial) -> float:
    return training(0.25, foresight=False)(trial)


@pytest.mark.parametrize("shortfall", ["skip", "truncate"])
def test_one_budget_for_studies_in_turn(shortfall: Any) -> None:
    budget = EnergyBudget(10.0, reserve=3.0, shortfall=shortfall)
    seen = []
    for _ in range(3):
        study = new_study()
        study.optimize(budget.guard(objective), callbacks=[budget])
        seen.append(energies(study))
    assert seen[0] == seen[1] == seen[2]
    assert sum(seen[0]) == (8.0 if shortfall == "skip" else 10.0)


@pytest.mark.parametrize("shortfall", ["skip", "truncate"])
def test_one_budget_for_studies_at_once(shortfall: Any) -> None:
    budget = EnergyBudget(10.0, reserve=3.0, shortfall=shortfall)
    studies = [new_study() for _ in range(3)]
    threads = [
        threading.Thread(target=s.optimize, args=(budget.guard(objective),)) for s in studies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for study in studies:
        assert budget.spent_kwh(study) == (8.0 if shortfall == "skip" else 10.0)


@pytest.mark.parametrize("copy_of", [copy.deepcopy, lambda b: pickle.loads(pickle.dumps(b))])
def test_a_copy_of_a_used_budget_is_as_new(copy_of: Any) -> None:
    used = EnergyBudget(10.0, reserve=3.0, shortfall="skip")
    first = new_study()
    first.optimize(used.guard(objective), callbacks=[used])
    assert used.exhausted(first)
    budget, study = copy_of(used), new_study()
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert budget.spent_kwh(study) == 8.0


def test_a_larger_cap_may_be_set() -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=3.0, shortfall="skip")
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert budget.exhausted(study)
    budget.cap_kwh = 15.0
    assert not budget.exhausted(study)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert budget.spent_kwh(study) == 13.0
    assert budget.balance(study).cap_kwh == study.user_attrs["energy_cap_kwh"] == 15.0


def test_a_smaller_cap_may_be_set() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(training()), n_trials=1)
    budget.cap_kwh = 3.0
    assert budget.exhausted(study)
    with pytest.raises(ValueError, match="`cap_kwh` must be a positive finite number of kWh"):
        budget.cap_kwh = float("nan")
    budget.cap_kwh, budget.trial_limit_kwh = 100.0, 2.0
    study.optimize(budget.guard(training()), n_trials=1)
    assert energies(study) == [4.0, 2.0]
    with pytest.raises(ValueError, match="`trial_limit_kwh` must be a positive finite number"):
        budget.trial_limit_kwh = 0.0
