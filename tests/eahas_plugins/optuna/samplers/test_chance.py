"""Samplers where trainings fail: the place is avoided, unless it is chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import optuna
import pytest
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import TrialState

from eahas_plugins.optuna.samplers import BananasSampler, EnergyTPESampler, ScheduleGPSampler
from tests.eahas_plugins.optuna.samplers.tasks import study_of

SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: EnergyTPESampler(seed=seed),
    "bananas": lambda seed: BananasSampler(seed=seed),
    "gp": lambda seed: ScheduleGPSampler(seed=seed),
}


def run(
    sampler: BaseSampler,
    fails: Callable[[float, int], bool],
    n_trials: int = 60,
    *,
    unit: float = 1.0,
) -> optuna.Study:
    """Best at x = 0.4, y = 0.3."""

    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        trial.suggest_categorical("optimizer", ["sgd", "adam"])
        trial.set_user_attr("energy_kwh", 3e-4)
        if fails(x, trial.number):
            raise MemoryError
        return unit * ((x - 0.4) ** 2 + (y - 0.3) ** 2)

    study = study_of(sampler)
    study.optimize(objective, n_trials=n_trials, catch=MemoryError)
    return study


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_region_that_fails_is_avoided(name: str, seed: int) -> None:
    study = run(SAMPLERS[name](seed), lambda x, n: x > 0.5)
    late = [t.params["x"] for t in study.trials[30:] if t.state is TrialState.FAIL]
    assert len(late) <= 12  # of 30; by chance half of them, Optuna's TPE 29
    assert sum(x > 0.55 for x in late) <= 6  # the border is looked at
    assert study.best_value < 0.01


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_unit_of_values_makes_no_difference(name: str) -> None:
    """Powers of two round like one."""
    plain, *others = (
        [t.params for t in run(SAMPLERS[name](0), lambda x, n: x > 0.5, 30, unit=unit).trials]
        for unit in (1.0, 2.0**-30, 2.0**30)
    )
    assert others == [plain, plain]


@pytest.mark.parametrize("name", SAMPLERS)
def test_failures_by_chance_keep_no_region_from_being_tried(name: str) -> None:
    chance = np.random.default_rng(0).random(1000) < 0.3
    study = run(SAMPLERS[name](0), lambda x, n: bool(chance[n]))
    assert study.best_value < 0.01
    failed = [t.params["x"] for t in study.trials[:30] if t.state is TrialState.FAIL]
    later = [t.params["x"] for t in study.trials[30:] if t.state is TrialState.COMPLETE]
    near = [any(abs(x - one) < 0.05 for one in failed) for x in later]
    assert np.mean(near) > 0.3


def test_without_energy_it_is_optunas_tpe_where_trainings_fail_too() -> None:
    own, optunas = (
        run(sampler, lambda x, n: x > 0.5, n_trials=25)
        for sampler in (EnergyTPESampler(cooling=0.0, seed=3), TPESampler(seed=3))
    )
    assert [t.params for t in own.trials] == [t.params for t in optunas.trials]


def test_where_every_longest_training_fails_it_is_tried_now_and_then() -> None:
    def objective(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
        epochs = trial.suggest_categorical("epochs", [5, 20])
        trial.set_user_attr("energy_kwh", 1e-4 * epochs)
        if epochs == 20:
            raise MemoryError
        return (x - 0.4) ** 2 + (y - 0.3) ** 2

    study = study_of(ScheduleGPSampler(budget_kwh=0.06, seed=0))
    study.optimize(objective, n_trials=60, catch=MemoryError)
    longest = [t.number for t in study.trials if t.params["epochs"] == 20]
    assert 8 <= len(longest) <= 12  # one of five, to the end of the budget
    assert max(longest) > 50
    sources = [study.trials[n].user_attrs["promoted_from"] for n in longest]
    assert len(set(sources)) == len(sources)  # another one each time
    assert study.best_value < 0.02  # of the short ones


@pytest.mark.parametrize("name", SAMPLERS)
def test_what_failed_before_something_was_mended_keeps_no_place_from_being_tried(name: str) -> None:
    study = run(SAMPLERS[name](0), lambda x, n: n < 50, n_trials=90)
    undisturbed = run(SAMPLERS[name](0), lambda x, n: False, n_trials=40)
    assert study.best_value < max(0.005, 2.0 * undisturbed.best_value)


def test_failures_after_pruned_trials_are_not_those_of_before() -> None:
    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        trial.set_user_attr("energy_kwh", 3e-4)
        if trial.number < 20:
            trial.report(x, 1)
            raise optuna.TrialPruned
        if trial.number < 26:
            raise MemoryError
        return x

    sampler = ScheduleGPSampler(seed=0)
    study = study_of(sampler)
    study.optimize(objective, n_trials=43, catch=MemoryError)
    study.ask().suggest_float("x", 0.0, 1.0)
    assert len(sampler._studies.of(study).telling_failures()) == 6
