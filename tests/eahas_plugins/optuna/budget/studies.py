"""Studies and objectives of the budget tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna

Objective = Callable[[optuna.Trial], float]


def new_study(**options: Any) -> optuna.Study:
    """A study that draws at random and prunes nothing."""
    options.setdefault("sampler", optuna.samplers.RandomSampler(seed=0))
    options.setdefault("pruner", optuna.pruners.NopPruner())
    return optuna.create_study(**options)


def training(step_kwh: float = 1.0, n_steps: int = 4, *, foresight: bool = True) -> Objective:
    """Trains ``n_steps`` steps of ``step_kwh`` each."""

    def objective(trial: optuna.Trial) -> float:
        if foresight:
            trial.set_user_attr("energy_reserved_kwh", n_steps * step_kwh)
            trial.set_user_attr("energy_step_kwh", step_kwh)
        for step in range(1, n_steps + 1):
            trial.set_user_attr("energy_kwh", step * step_kwh)
            trial.report(1.0 / step, step)
            if step < n_steps and trial.should_prune():
                raise optuna.TrialPruned
        return 1.0 / n_steps

    return objective


def usual_loop(step_kwh: float = 1.0, n_steps: int = 4) -> Objective:
    """Asks after every step, the last one too."""

    def objective(trial: optuna.Trial) -> float:
        for step in range(1, n_steps + 1):
            trial.set_user_attr("energy_kwh", step * step_kwh)
            trial.report(1.0 / step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return 10.0

    return objective


def energies(study: optuna.Study) -> list[float]:
    """Energy of each trial, kWh."""
    return [t.user_attrs["energy_kwh"] for t in study.trials]
