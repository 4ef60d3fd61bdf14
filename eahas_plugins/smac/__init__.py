"""Energy budgets and energy-aware decisions for SMAC."""

from __future__ import annotations

try:
    import smac as _smac  # noqa: F401 - required once, here
except ModuleNotFoundError as error:
    if error.name != "smac":
        raise
    raise ImportError("eahas_plugins.smac needs SMAC: pip install 'eahas-plugins[smac]'") from error

from eahas_plugins.budget.entries import EnergyExhaustedError
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.smac.acquisition import EnergyEI
from eahas_plugins.smac.budget import EnergyBudgetCallback
from eahas_plugins.smac.components import schedule_components
from eahas_plugins.smac.dask_runner import EnergyDaskRunner
from eahas_plugins.smac.earlier import EarlierInitialDesign
from eahas_plugins.smac.facade import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
)
from eahas_plugins.smac.intensifier import EnergyHyperband, EnergyIntensifier
from eahas_plugins.smac.price import EnergyPriceCallback
from eahas_plugins.smac.runner import EnergyRunner
from eahas_plugins.smac.scenario import energy_scenario
from eahas_plugins.smac.schedule_intensifier import ScheduleIntensifier
from eahas_plugins.targets.energy_target import EnergyTarget
from eahas_plugins.targets.surrogate_target import SurrogateTarget
from eahas_plugins.targets.training import EnergyTraining

__all__ = [
    "EarlierInitialDesign",
    "EnergyBudgetCallback",
    "EnergyDaskRunner",
    "EnergyEI",
    "EnergyExhaustedError",
    "EnergyHyperband",
    "EnergyHyperparameterOptimizationFacade",
    "EnergyIntensifier",
    "EnergyJournal",
    "EnergyMultiFidelityFacade",
    "EnergyPriceCallback",
    "EnergyRunner",
    "EnergyTarget",
    "EnergyTraining",
    "ScheduleIntensifier",
    "SurrogateTarget",
    "energy_scenario",
    "schedule_components",
]
