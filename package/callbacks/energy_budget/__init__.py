"""A cap on the energy of a study, and what measures it."""

from eahas_plugins.optuna import EnergyBudget
from eahas_plugins.optuna import EnergyTracker
from eahas_plugins.optuna import TrainingsBudget


__all__ = ["EnergyBudget", "EnergyTracker", "TrainingsBudget"]
