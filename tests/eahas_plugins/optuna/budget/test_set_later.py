"""What may be set on a budget that is in use, and what may not."""

from __future__ import annotations

import copy
import inspect
import math
import pickle

import optuna
import pytest

from eahas_plugins.optuna import EnergyBudget, EnergyHyperbandPruner, TrainingsBudget
from eahas_plugins.optuna.budget.of_studies import FIXED


def objective(trial: optuna.Trial) -> float:
    trial.set_user_attr("energy_kwh", 0.5)
    return 1.0


def test_every_argument_may_be_set_or_is_refused() -> None:
    arguments = set(inspect.signature(EnergyBudget).parameters)
    settable = {name for name in arguments if hasattr(EnergyBudget, name)}
    assert settable == {"trial_limit_kwh", "reserve"}
    assert arguments - settable == FIXED


@pytest.mark.parametrize("name", sorted(FIXED))
def test_what_would_have_no_effect_is_refused(name: str) -> None:
    for budget in (EnergyBudget(1.0), copy.deepcopy(EnergyBudget(1.0))):
        with pytest.raises(AttributeError, match=f"^{name} must be given when a budget is made"):
            setattr(budget, name, 2.0)


def test_what_may_be_set_is_checked() -> None:
    budget = pickle.loads(pickle.dumps(EnergyBudget(1.0)))
    for name in ("cap_kwh", "trial_limit_kwh", "reserve"):
        setattr(budget, name, 2.0)
        assert getattr(budget, name) == 2.0
        with pytest.raises(ValueError, match=f"`{name}` must be a positive"):
            setattr(budget, name, "much")
    with pytest.raises(AttributeError):
        EnergyHyperbandPruner(min_kwh=1.0, max_kwh=9.0).max_kwh = 3.0  # type: ignore[misc]


def test_more_trainings_may_be_given_later() -> None:
    budget, study = TrainingsBudget(4), optuna.create_study()
    for trainings, spent_kwh in ((4, 2.0), (6, 3.0)):
        budget.trainings = trainings
        study.optimize(budget.guard(objective), callbacks=[budget])
        assert budget.cap_kwh == budget.spent_kwh(study) == spent_kwh
    for wrong in ("9", 2, math.nan):
        with pytest.raises(ValueError, match="trainings must be"):
            budget.trainings = wrong  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        budget.n_measured = 9  # type: ignore[misc]


def test_trainings_that_are_set_while_one_runs_keep_a_cap() -> None:
    budget, study = TrainingsBudget(4, n_measured=2), optuna.create_study()

    def long(trial: optuna.Trial) -> float:
        if trial.number == 2:
            budget.trainings = 3
        for step in range(1 if trial.number < 2 else 100):
            trial.set_user_attr("energy_kwh", 0.5 * (step + 1))
            if trial.should_prune():
                raise optuna.TrialPruned
        return 1.0

    study.optimize(budget.guard(long), n_trials=10, callbacks=[budget])
    assert budget.cap_kwh == 1.5
    assert budget.spent_kwh(study) <= 2.0  # a step that was allowed already


def test_a_subclass_may_have_attributes_of_its_own() -> None:
    class Named(EnergyBudget):
        def __init__(self, kwh: float) -> None:
            super().__init__(kwh)
            self.kwh = kwh

    assert Named(2.0).kwh == 2.0
