"""A complete training is not pruned because its last step uses up the budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna.budget.completion import expected_length
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import energies, new_study, usual_loop


@pytest.mark.parametrize("steady", [False, True])
def test_the_last_step_may_use_up_the_budget(steady: bool) -> None:
    study, budget = new_study(), EnergyBudget(8.0, steady=steady)
    study.optimize(budget.guard(usual_loop()), callbacks=[budget])
    assert energies(study) == [4.0, 4.0]
    assert [t.value for t in study.trials] == [10.0, 10.0]
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


def test_a_training_in_the_middle_is_pruned() -> None:
    study, budget = new_study(), EnergyBudget(7.0)
    study.optimize(budget.guard(usual_loop()), callbacks=[budget])
    assert energies(study) == [4.0, 3.0]
    assert study.trials[1].state is TrialState.PRUNED


def test_the_last_step_may_reach_the_limit_of_a_trial() -> None:
    study, budget = new_study(), EnergyBudget(100.0)
    study.optimize(budget.guard(usual_loop()), n_trials=1)
    budget = EnergyBudget(100.0, trial_limit_kwh=4.0)
    study.optimize(budget.guard(usual_loop()), n_trials=1)
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


def test_the_number_of_epochs_may_be_a_parameter() -> None:
    def objective(trial: optuna.Trial) -> float:
        return usual_loop(n_steps=trial.suggest_int("epochs", 1, 9))(trial)

    study, budget = new_study(), EnergyBudget(12.0)
    for epochs in (2, 3, 7):
        study.enqueue_trial({"epochs": epochs})
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert energies(study) == [2.0, 3.0, 7.0]
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


@pytest.mark.parametrize("n_objectives", [1, 2])
def test_trainings_that_report_no_values(n_objectives: int) -> None:
    def objective(trial: optuna.Trial) -> Any:
        for step in range(1, 5):
            trial.set_user_attr("energy_kwh", float(step))
        return [1.0] * n_objectives

    study = new_study(directions=["maximize"] * n_objectives)
    budget = EnergyBudget(8.0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert energies(study) == [4.0, 4.0]
    assert {t.state for t in study.trials} == {TrialState.COMPLETE}


@pytest.mark.parametrize(
    ("complete", "params", "expected"),
    [
        ([], {}, None),
        ([({}, 4)], {}, 4),
        ([({"x": 0.1}, 4), ({"x": 0.2}, 4)], {"x": 0.3}, 4),
        ([({"n": 5}, 4), ({"n": 10}, 9)], {"n": 20}, 19),  # steps from 0
        ([({"n": 5}, 4), ({"n": 10}, 8)], {"n": 20}, None),
        ([({"s": "short"}, 5), ({"s": "long"}, 20), ({"s": "long"}, 20)], {"s": "long"}, 20),
        ([({"s": "short"}, 5), ({"s": "long"}, 20), ({"s": "long"}, 21)], {"s": "long"}, None),
        ([({"s": "short"}, 5), ({"s": "long"}, 20), ({"s": "long"}, 20)], {"s": "none"}, None),
        ([({"x": 0.1}, 5), ({"x": 0.2}, 20)], {"x": 0.1}, None),  # chance
        ([({"x": [1]}, 5), ({"x": [2]}, 20), ({"x": [2]}, 20)], {"x": [2]}, 20),
        ([({"x": 0.1}, 5), ({}, 20)], {"x": 0.1}, None),
    ],
)
def test_expected_length(
    complete: list[tuple[dict[str, Any], int]], params: dict[str, Any], expected: int | None
) -> None:
    assert expected_length(complete, params) == expected


@pytest.mark.filterwarnings("ignore:The reported value is ignored:UserWarning")  # Optuna's
@pytest.mark.parametrize(
    "step_of", [lambda epoch: 0, lambda epoch: 100 - epoch], ids=["always 0", "counts down"]
)
def test_steps_that_do_not_count_up_let_no_trial_through(step_of: Callable[[int], int]) -> None:
    def objective(trial: optuna.Trial) -> float:
        for epoch in range(1, 9):
            trial.set_user_attr("energy_kwh", 0.25 * epoch)
            trial.report(0.0, step_of(epoch))
            if epoch < 8 and trial.should_prune():
                raise optuna.TrialPruned
        return 0.0

    study, budget = new_study(), EnergyBudget(4.5)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert budget.spent_kwh(study) == 4.5
