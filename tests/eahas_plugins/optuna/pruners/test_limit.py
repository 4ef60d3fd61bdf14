"""The limit around another pruner."""

from __future__ import annotations

import math

import pytest
from optuna.pruners import NopPruner, ThresholdPruner

from eahas_plugins.optuna.pruners import (
    EnergyBudgetPruner,
    EnergySuccessiveHalvingPruner,
)
from tests.eahas_plugins.optuna.pruners.studies import new_study, run


@pytest.mark.parametrize(
    ("energy", "step", "pruned"),
    [(2.9, None, False), (3.0, None, True), (2.0, 1.0, False), (2.1, 1.0, True), (0.0, 9.0, False)],
)
def test_limit(energy: float, step: float | None, pruned: bool) -> None:
    study = new_study(EnergyBudgetPruner(trial_limit_kwh=3.0))
    assert (run(study, [(energy, 0.5)], step_kwh=step) is not None) is pruned


def test_limit_asks_the_wrapped_pruner() -> None:
    study = new_study(EnergyBudgetPruner(ThresholdPruner(lower=0.2), trial_limit_kwh=3.0))
    assert run(study, [(1.0, 0.1)]) == 1
    assert run(study, [(1.0, 0.5), (3.5, 0.5)]) == 2


def test_limit_tells_the_lower_of_two() -> None:
    inner = EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=10.0)
    assert EnergyBudgetPruner(inner, trial_limit_kwh=30.0).max_kwh == 10.0
    assert EnergyBudgetPruner(inner, trial_limit_kwh=3.0).max_kwh == 3.0
    assert EnergyBudgetPruner(NopPruner(), trial_limit_kwh=3.0).max_kwh == 3.0


def test_limit_arguments() -> None:
    with pytest.raises(ValueError, match="`trial_limit_kwh`"):
        EnergyBudgetPruner(trial_limit_kwh=math.nan)
    with pytest.raises(TypeError, match="wrapped_pruner must be a BasePruner but got 'median'"):
        EnergyBudgetPruner("median", trial_limit_kwh=1.0)  # type: ignore[arg-type]
