"""The guarded trial is the trial."""

from __future__ import annotations

import math

import optuna
import pytest

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import energies, new_study, training


def test_guarded_trial_is_a_trial() -> None:
    seen: list[optuna.Trial] = []

    def objective(trial: optuna.Trial) -> float:
        seen.append(trial)
        assert isinstance(trial, optuna.Trial)
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("note", "kept")
        assert trial.params == {"x": x}
        assert trial.user_attrs["note"] == "kept"
        return x

    study = new_study()
    study.optimize(EnergyBudget(1.0).guard(objective), n_trials=1)
    assert study.trials[0].user_attrs["note"] == "kept"
    assert seen[0].number == 0


def test_fixed_trial_runs_free() -> None:
    guarded = EnergyBudget(1.0).guard(training(step_kwh=100.0))
    assert guarded(optuna.trial.FixedTrial({})) == 0.25  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [math.nan, -1.0, "1", None])
def test_unusable_energy_is_refused(bad: object) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", bad)
        return 0.0

    with pytest.raises(
        ValueError, match="`energy_kwh` must be a finite number of kWh, zero or more, but got"
    ):
        new_study().optimize(EnergyBudget(1.0).guard(objective), n_trials=1)


def test_falling_energy_is_refused() -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 0.5)
        trial.set_user_attr("energy_kwh", 0.4)
        return 0.0

    with pytest.raises(ValueError, match=r"cumulative and must not fall, but trial 0 went from"):
        new_study().optimize(EnergyBudget(1.0).guard(objective), n_trials=1)


@pytest.mark.parametrize("told", [0.3, 0.30000000000000004])
def test_a_sum_that_falls_by_its_rounding_alone_has_not_fallen(told: float) -> None:
    def objective(trial: optuna.Trial) -> float:
        total = 0.0
        for step in range(3):
            total += 0.1
            trial.set_user_attr("energy_kwh", total)
            trial.report(0.0, step)
        trial.set_user_attr("energy_kwh", told)  # of the whole training, as the meter says
        return 0.0

    study, budget = new_study(), EnergyBudget(1.0)
    study.optimize(budget.guard(objective), n_trials=1, callbacks=[budget])
    assert study.trials[0].state is optuna.trial.TrialState.COMPLETE
    assert budget.spent_kwh(study) == pytest.approx(0.3)


def test_a_small_limit_of_a_trial_beside_a_cap_that_stands_for_none() -> None:
    budget = EnergyBudget(1e9, trial_limit_kwh=3e-4)
    study = new_study()
    study.optimize(budget.guard(training(1e-4, foresight=False)), n_trials=2, callbacks=[budget])
    assert energies(study) == [pytest.approx(3e-4)] * 2


def test_unknown_energy_of_foreign_trials_does_not_poison_the_sum() -> None:
    study = new_study()
    for value in (math.nan, None, "much", -3.0, 2.0):
        study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": value}))
    assert EnergyBudget(10.0, count_added=True).spent_kwh(study) == 2.0


def test_an_objective_that_is_guarded_twice_is_guarded_once() -> None:
    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(budget.guard(training(foresight=False))), callbacks=[budget])
    assert energies(study) == [4.0, 4.0, 2.0]
    assert study.trials[2].user_attrs["energy_stopped"]["by"] == "budget"


def test_two_budgets_around_an_objective_are_refused() -> None:
    objective = EnergyBudget(10.0).guard(EnergyBudget(5.0).guard(training()))
    with pytest.raises(ValueError, match="a trial must obey one EnergyBudget"):
        new_study().optimize(objective, n_trials=1)


@pytest.mark.parametrize(
    ("energies_kwh", "told"),
    [([0.1] * 4, 1), ([0.1] * 3, 0), ([0.0] * 9, 0), ([0.1] * 9 + [0.2] * 9, 0)],
)
def test_energy_of_steps_in_place_of_their_sum_is_told_once(
    caplog: pytest.LogCaptureFixture, energies_kwh: list[float], told: int
) -> None:
    def objective(trial: optuna.Trial) -> float:
        for kwh in energies_kwh:
            trial.set_user_attr("energy_kwh", kwh)
            trial.should_prune()
        return 1.0

    budget, study = EnergyBudget(2.0), new_study()
    study.optimize(budget.guard(objective), n_trials=2, callbacks=[budget])
    assert caplog.text.count("it must be what the trial has used so far") == told
    assert budget.spent_kwh(study) == pytest.approx(2 * energies_kwh[-1])
