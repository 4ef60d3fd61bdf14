"""Hyperband whose resource is energy."""

from eahas_plugins.optuna.pruners import EnergyHyperbandPruner


__all__ = ["EnergyHyperbandPruner"]
