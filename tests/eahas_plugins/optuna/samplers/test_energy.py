"""What a sampler knows of the energy that a study has left is what its budget says."""

from __future__ import annotations

import math

import optuna
import pytest

from eahas_plugins.optuna import EnergyTPESampler, SchedulePromotionSampler
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.samplers._energy import StudyEnergy
from tests.eahas_plugins.optuna.samplers.conftest import MAKERS
from tests.eahas_plugins.optuna.samplers.tasks import study_of, train


def other_study() -> optuna.Study:
    study = study_of(optuna.samplers.RandomSampler(seed=1), direction="maximize")
    study.optimize(EnergyBudget(1e6).guard(train), n_trials=8)
    return study


@pytest.mark.parametrize("count_added", [False, True])
def test_energy_of_added_trials_cools_if_the_budget_counts_it(count_added: bool) -> None:
    other = other_study()
    cap_kwh = 2.0 * EnergyBudget(1e6).spent_kwh(other)
    study = study_of(EnergyTPESampler(seed=0), direction="maximize")
    study.add_trials(other.trials)
    budget = EnergyBudget(cap_kwh, count_added=count_added)
    study.optimize(budget.guard(train), callbacks=[budget], n_trials=2)
    left_kwh = budget.balance(study).remaining_kwh
    energy = StudyEnergy()
    assert energy.alpha(study) == pytest.approx(left_kwh / cap_kwh)
    committed_kwh = sum(t.user_attrs["energy_kwh"] for t in study.trials)
    assert energy.left_kwh(study, committed_kwh=committed_kwh) == pytest.approx(left_kwh)


def test_a_budget_that_counts_them_later_is_believed() -> None:
    study = study_of(EnergyTPESampler(seed=0), direction="maximize")
    study.add_trials(other_study().trials)
    for count_added in (False, True):
        budget = EnergyBudget(50.0, count_added=count_added)
        study.optimize(budget.guard(train), callbacks=[budget], n_trials=1)
        left = budget.balance(study).remaining_kwh / 50.0
        assert StudyEnergy().alpha(study) == pytest.approx(left)


def test_without_a_budget_nothing_is_short() -> None:
    study = study_of(EnergyTPESampler(seed=0), direction="maximize")
    study.add_trials(other_study().trials)
    assert StudyEnergy().alpha(study) == 1.0
    assert StudyEnergy().left_kwh(study, committed_kwh=3.0) == math.inf


def test_who_goes_on_without_a_budget_that_is_used_up_has_none() -> None:
    study = study_of(EnergyTPESampler(seed=0), direction="maximize")
    budget = EnergyBudget(0.5)
    study.optimize(budget.guard(train), callbacks=[budget], n_trials=1)
    energy = StudyEnergy()
    assert 0.0 < energy.alpha(study) < 1.0
    assert energy.budget_kwh(study) == 0.5
    study.optimize(budget.guard(train), callbacks=[budget])
    assert energy.alpha(study) == 1.0
    assert energy.left_kwh(study, committed_kwh=0.6) == math.inf


@pytest.mark.parametrize("name", ["promotion", "ea-bohb"])
def test_longer_schedules_are_trained_after_the_budget_as_without_one(name: str) -> None:
    study = study_of(MAKERS[name](), direction="maximize", pruner=optuna.pruners.NopPruner())
    budget = EnergyBudget(0.5)
    study.optimize(budget.guard(train), callbacks=[budget])
    n_under_budget = len(study.trials)
    study.optimize(train, n_trials=15)
    longer = [t for t in study.trials[n_under_budget:] if t.params["max_epoch"] == 20]
    assert len(longer) >= 2


@pytest.mark.parametrize("unit_kwh", [0.1, 0.125])
def test_a_longer_training_that_just_fits_is_not_refused_for_a_rounded_sum(unit_kwh: float) -> None:
    """Three times 0.1 kWh are 0.30000000000000004 kWh, and 0.7 - that is less than 0.4."""

    def objective(trial: optuna.Trial) -> float:
        epochs = trial.suggest_categorical("epochs", [1, 4])
        trial.set_user_attr("energy_kwh", unit_kwh * epochs)
        return trial.suggest_float("x", 0.0, 1.0)

    sampler = SchedulePromotionSampler(
        optuna.samplers.RandomSampler(seed=0), fidelity_param="epochs", n_startup_trials=3
    )
    study, budget = study_of(sampler), EnergyBudget(round(7 * unit_kwh, 3))
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert [t.params["epochs"] for t in study.trials] == [1, 1, 1, 4]


def test_nothing_is_left_of_a_budget_that_is_promised_but_for_rounding() -> None:
    study = study_of(EnergyTPESampler(seed=0))
    energy = StudyEnergy(budget_kwh=0.3)
    assert energy.left_kwh(study, committed_kwh=0.1 + 0.1 + 0.1 - 1e-16) == 0.0
    assert energy.left_kwh(study, committed_kwh=0.4) == pytest.approx(-0.1)
    assert energy.left_kwh(study, committed_kwh=0.2) == pytest.approx(0.1)
