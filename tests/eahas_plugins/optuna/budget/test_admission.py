"""Reservations, and which trials may start."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import energies, new_study, training


def test_reservations_of_earlier_trials_bind() -> None:
    study, budget = new_study(), EnergyBudget(10.0, shortfall="skip")
    one, two, three = study.ask(), study.ask(), study.ask()
    assert budget.start(one, expected_kwh=6.0)
    assert not budget.start(two, expected_kwh=5.0)
    assert budget.start(three, expected_kwh=4.0)  # what trial 1 could not have is free again
    assert study.trials[1].user_attrs["energy_stopped"] == {
        "by": "no_room",
        "needed_kwh": 5.0,
        "available_kwh": 4.0,
        "spent_kwh": 0.0,
        "cap_kwh": 10.0,
    }


def test_truncate_starts_all_the_same() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    assert budget.start(study.ask(), expected_kwh=6.0)
    assert budget.start(study.ask(), expected_kwh=5.0)


def test_a_slower_worker_that_reserves_late_goes_first() -> None:
    study, budget = new_study(), EnergyBudget(10.0, shortfall="skip")
    one, two = study.ask(), study.ask()
    assert budget.start(two, expected_kwh=6.0)
    assert budget.start(one, expected_kwh=6.0)  # the smaller number, though later
    assert budget.report(two, energy_kwh=1.0)  # gives way at its next report
    assert not budget.report(one, energy_kwh=1.0)


def test_skip_stops_when_nothing_fits() -> None:
    study = new_study()
    budget = EnergyBudget(10.0, shortfall="skip", reserve=4.0)
    study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 0.0]
    assert budget.exhausted(study)


def test_skip_goes_on_while_cheaper_trials_may_come() -> None:
    study = new_study()
    budget = EnergyBudget(10.0, shortfall="skip")
    sizes = iter([1.0, 1.0, 1.0, 0.5])

    def objective(trial: optuna.Trial) -> float:
        return training(next(sizes))(trial)

    study.optimize(budget.guard(objective), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"reserve": 3.0}, 3.0),
        ({"reserve": lambda study, trial: 2.0 + trial.number}, 4.0),
        ({"reserve": None}, 0.0),
        ({"trial_limit_kwh": 1.5}, 1.5),
        ({}, 4.0),  # the median of the two trials that have finished
    ],
)
def test_default_reservation(options: dict[str, Any], expected: float) -> None:
    study = new_study()
    for energy_kwh in (3.0, 4.0):
        study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": energy_kwh}))
    budget = EnergyBudget(100.0, **options)
    budget.start(study.ask())
    assert budget.balance(study).reserved_kwh == expected


def test_reservation_from_the_pruner() -> None:
    from eahas_plugins.optuna.pruners import EnergyHyperbandPruner

    study = new_study(pruner=EnergyHyperbandPruner(min_kwh=0.1, max_kwh=2.0))
    budget = EnergyBudget(100.0)
    budget.start(study.ask())
    assert budget.balance(study).reserved_kwh == 2.0


def test_one_loop_with_two_workers_waits_for_what_others_have_announced() -> None:
    study, budget = new_study(), EnergyBudget(5.0)
    assert budget.may_start(study)
    trials = [study.ask() for _ in range(2)]
    assert all(budget.start(trial, expected_kwh=4.0, next_step_kwh=2.0) for trial in trials)
    assert budget.may_start(study)  # 1 kWh is neither spent nor announced
    assert not budget.report(trials[0], energy_kwh=2.0, next_step_kwh=1.0)
    assert not budget.may_start(study)
    assert not budget.exhausted(study)  # what is announced may come back
    study.tell(trials[0], 1.0)
    assert budget.may_start(study)
    assert not budget.report(trials[1], energy_kwh=3.0, next_step_kwh=0.0)
    study.tell(trials[1], 1.0)
    assert not budget.may_start(study)
    assert budget.exhausted(study)
