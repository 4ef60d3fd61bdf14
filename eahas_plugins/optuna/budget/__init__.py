"""The energy budget of an Optuna study."""

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget

__all__ = ["EnergyBudget"]
