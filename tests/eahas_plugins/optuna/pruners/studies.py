"""Small studies of trials with given energies and values, and one pruner of each kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.trial import TrialState

from eahas_plugins.optuna.pruners import (
    EnergyBudgetPruner,
    EnergyHyperbandPruner,
    EnergySuccessiveHalvingPruner,
    MarginalGainPruner,
    ScheduleRelativePruner,
)

Point = tuple[float, float]  # energy in kWh, value

PRUNERS: dict[str, Callable[[], BasePruner]] = {
    "successive_halving": lambda: EnergySuccessiveHalvingPruner(
        min_kwh=1.0, max_kwh=100.0, reduction_factor=2
    ),
    "rungs_from_trials": lambda: EnergySuccessiveHalvingPruner(
        reduction_factor=2, n_startup_trials=1
    ),
    "hyperband": lambda: EnergyHyperbandPruner(min_kwh=1.0, max_kwh=2.0, reduction_factor=2),
    "limit": lambda: EnergyBudgetPruner(
        EnergySuccessiveHalvingPruner(min_kwh=1.0, max_kwh=100.0, reduction_factor=2),
        trial_limit_kwh=50.0,
    ),
    "schedule_relative": lambda: ScheduleRelativePruner(
        fidelity_param=None, keep=0.5, n_startup_trials=1
    ),
    "marginal_gain": lambda: MarginalGainPruner(min_kwh=1.0, n_startup_trials=1),
}


def new_study(pruner: BasePruner, direction: str = "maximize", **options: Any) -> optuna.Study:
    options.setdefault("study_name", "pruned")
    return optuna.create_study(pruner=pruner, direction=direction, **options)


def run(
    study: optuna.Study,
    points: Sequence[tuple[float | None, float]],
    *,
    planned_kwh: float | None = 10.0,
    params: dict[str, int] | None = None,
    step_kwh: float | None = None,
) -> int | None:
    """Report points; the number of reports after which the trial was pruned, None if never."""
    trial = study.ask()
    for name, value in (params or {}).items():
        trial.suggest_int(name, value, value)
    if planned_kwh is not None:
        trial.set_user_attr("energy_reserved_kwh", planned_kwh)
    if step_kwh is not None:
        trial.set_user_attr("energy_step_kwh", step_kwh)
    for step, (energy_kwh, value) in enumerate(points, start=1):
        if energy_kwh is not None:
            trial.set_user_attr("energy_kwh", energy_kwh)
        trial.report(value, step)
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return step
    study.tell(trial, points[-1][1] if not math.isnan(points[-1][1]) else 0.0)
    return None


GOOD: list[Point] = [(2.5, 0.7), (5.0, 0.8), (9.9, 0.9)]
BAD: list[Point] = [(2.5, 0.1), (5.0, 0.1), (9.9, 0.1)]
