"""Energy budgets and energy-aware decisions for SMAC."""

from __future__ import annotations

try:
    import smac as _smac  # noqa: F401 - required once, here
except ModuleNotFoundError as error:
    if error.name != "smac":
        raise
    raise ImportError("eahas_plugins.smac needs SMAC: pip install 'eahas-plugins[smac]'") from error

from eahas_plugins.energy.journal import EnergyExhaustedError, EnergyJournal
from eahas_plugins.smac.acquisition import EnergyEI
from eahas_plugins.smac.budget import EnergyBudgetCallback
from eahas_plugins.smac.facade import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
)
from eahas_plugins.smac.intensifier import EnergyHyperband, EnergyIntensifier
from eahas_plugins.smac.process import ArdModel, RungEncoder
from eahas_plugins.smac.runner import EnergyDaskRunner, EnergyRunner
from eahas_plugins.smac.scenario import energy_scenario
from eahas_plugins.smac.schedules import EnergySchedules, schedule_components
from eahas_plugins.targets.energy_training import EnergyTraining
from eahas_plugins.targets.surrogate import SurrogateTarget
from eahas_plugins.targets.training import EnergyTarget

__all__ = [
    "ArdModel",
    "EnergyBudgetCallback",
    "EnergyDaskRunner",
    "EnergyEI",
    "EnergyExhaustedError",
    "EnergyHyperband",
    "EnergyHyperparameterOptimizationFacade",
    "EnergyIntensifier",
    "EnergyJournal",
    "EnergyMultiFidelityFacade",
    "EnergyRunner",
    "EnergySchedules",
    "EnergyTarget",
    "EnergyTraining",
    "RungEncoder",
    "SurrogateTarget",
    "energy_scenario",
    "schedule_components",
]
