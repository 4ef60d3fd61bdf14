"""What a sampler knows of the energy that a study has left is what its budget says."""

from __future__ import annotations

import math

import optuna
import pytest

from eahas_plugins.optuna import EnergyTPESampler
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.samplers._energy import StudyEnergy
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
