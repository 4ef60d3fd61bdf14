"""Pruners that decide by energy, one per file; their state is in the study's storage."""

from eahas_plugins.optuna.pruners.hyperband import EnergyHyperbandPruner
from eahas_plugins.optuna.pruners.limit import EnergyBudgetPruner
from eahas_plugins.optuna.pruners.marginal_gain import MarginalGainPruner
from eahas_plugins.optuna.pruners.schedule_relative import ScheduleRelativePruner
from eahas_plugins.optuna.pruners.successive_halving import EnergySuccessiveHalvingPruner

__all__ = [
    "EnergyBudgetPruner",
    "EnergyHyperbandPruner",
    "EnergySuccessiveHalvingPruner",
    "MarginalGainPruner",
    "ScheduleRelativePruner",
]
