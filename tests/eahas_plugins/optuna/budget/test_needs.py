"""How many trials are refused before a study ends, and who remembers it."""

from __future__ import annotations

from collections.abc import Callable

import optuna
import pytest

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import Objective, energies, new_study, training


def of_size(size_kwh: Callable[[int], float]) -> Objective:
    """Trainings whose energy their number tells."""

    def objective(trial: optuna.Trial) -> float:
        return training(size_kwh(trial.number) / 4.0)(trial)

    return objective


def n_refused(study: optuna.Study) -> int:
    return sum(t.user_attrs.get("energy_stopped", {}).get("by") == "no_room" for t in study.trials)


def run(study: optuna.Study, objective: Objective, *, kwh: float, n_jobs: int = 1) -> None:
    budget = EnergyBudget(kwh, shortfall="skip")  # as another process has it
    study.optimize(budget.guard(objective), callbacks=[budget], n_jobs=n_jobs)


def test_a_study_whose_trials_all_need_more_than_is_left_ends_after_a_few_refusals() -> None:
    study = new_study()
    run(study, of_size(lambda number: 1.0), kwh=30.5)
    assert sum(energies(study)) == 30.0
    assert n_refused(study) == 5


def test_who_goes_on_with_a_study_in_which_nothing_fits_refuses_one_trial() -> None:
    study = new_study()
    run(study, of_size(lambda number: 1.0), kwh=30.5)
    n_trials = len(study.trials)
    run(study, of_size(lambda number: 1.0), kwh=30.5)
    assert len(study.trials) == n_trials + 1
    assert study.trials[-1].user_attrs["energy_stopped"]["by"] == "budget"


def test_a_larger_cap_lets_it_go_on() -> None:
    study = new_study()
    run(study, of_size(lambda number: 1.0), kwh=30.5)
    run(study, of_size(lambda number: 1.0), kwh=33.5)
    assert sum(energies(study)) == 33.0


def test_trials_that_may_be_cheap_are_waited_for() -> None:
    def size_kwh(number: int) -> float:
        return 0.5 if number % 15 == 0 else 1.0

    study = new_study()
    run(study, of_size(size_kwh), kwh=30.0)
    assert sum(energies(study)) == 30.0  # half a kWh was left for the next of them


@pytest.mark.parametrize("kwh", [30.5, 31.0])
def test_workers_wait_rather_than_refuse_what_would_not_fit_anyhow(kwh: float) -> None:
    study = new_study()
    run(study, of_size(lambda number: 1.0), kwh=kwh, n_jobs=4)
    assert sum(energies(study)) == int(kwh)
    assert n_refused(study) <= 5 + 3 + 2 * 4  # at the start nobody knows what the next may need


def test_a_process_that_joins_knows_that_trials_tell_what_they_need() -> None:
    def size_kwh(number: int) -> float:
        return 3.0 if number < 3 else 0.5

    study = new_study()
    first = EnergyBudget(11.0, shortfall="skip")
    study.optimize(first.guard(of_size(size_kwh)), callbacks=[first], n_trials=3)
    run(study, of_size(size_kwh), kwh=11.0)  # the median of the others would not fit
    assert energies(study) == [3.0, 3.0, 3.0, 0.5, 0.5, 0.5, 0.5]


def test_why_a_trial_may_not_begin_though_energy_is_left() -> None:
    study, budget = new_study(), EnergyBudget(10.0, reserve=4.0, shortfall="skip")
    for _ in range(2):
        study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    with pytest.raises(optuna.TrialPruned, match="8 of 10 kWh spent, and nothing fits into the 2"):
        budget.guard(training())(study.ask())
