"""Energy-aware samplers, pruners, budgets and objectives for Optuna studies.

Names are imported on first use, so that importing this package costs little more than Optuna.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

try:
    import optuna as _optuna  # noqa: F401 - required once, here
except ModuleNotFoundError as error:
    if error.name != "optuna":
        raise
    raise ImportError(
        "eahas_plugins.optuna needs Optuna: pip install 'eahas-plugins[optuna]'"
    ) from error

if TYPE_CHECKING:
    from eahas_plugins.optuna import visualization
    from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
    from eahas_plugins.optuna.budget.in_trainings import TrainingsBudget
    from eahas_plugins.optuna.continuation import TrialCheckpoint
    from eahas_plugins.optuna.earlier import export_study
    from eahas_plugins.optuna.objective import SurrogateObjective
    from eahas_plugins.optuna.price import EnergyPrice
    from eahas_plugins.optuna.pruners import (
        EnergyBudgetPruner,
        EnergyHyperbandPruner,
        EnergySuccessiveHalvingPruner,
        MarginalGainPruner,
        ScheduleRelativePruner,
    )
    from eahas_plugins.optuna.report import energy_report
    from eahas_plugins.optuna.samplers import (
        BananasSampler,
        EnergyGPSampler,
        EnergyTPESampler,
        LocalSearchSampler,
        RegularizedEvolutionSampler,
        ScheduleGPSampler,
        SchedulePromotionSampler,
        ea_bohb,
    )
    from eahas_plugins.optuna.study import energy_study
    from eahas_plugins.optuna.tracker import EnergyTracker
    from eahas_plugins.optuna.training_objective import EnergyObjective

__all__ = [
    "BananasSampler",
    "EnergyBudget",
    "EnergyBudgetPruner",
    "EnergyGPSampler",
    "EnergyHyperbandPruner",
    "EnergyObjective",
    "EnergyPrice",
    "EnergySuccessiveHalvingPruner",
    "EnergyTPESampler",
    "EnergyTracker",
    "LocalSearchSampler",
    "MarginalGainPruner",
    "RegularizedEvolutionSampler",
    "ScheduleGPSampler",
    "SchedulePromotionSampler",
    "ScheduleRelativePruner",
    "SurrogateObjective",
    "TrainingsBudget",
    "TrialCheckpoint",
    "ea_bohb",
    "energy_report",
    "energy_study",
    "export_study",
    "visualization",
]

_ELSEWHERE = {
    "EnergyBudget": "budget",
    "EnergyObjective": "training_objective",
    "EnergyPrice": "price",
    "EnergyTracker": "tracker",
    "SurrogateObjective": "objective",
    "TrainingsBudget": "budget.in_trainings",
    "TrialCheckpoint": "continuation",
    "energy_report": "report",
    "energy_study": "study",
    "export_study": "earlier",
}

if not TYPE_CHECKING:  # which would take any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name == "visualization":
            return importlib.import_module(f"{__name__}.{name}")
        home = _ELSEWHERE.get(name, "pruners" if name.endswith("Pruner") else "samplers")
        value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
