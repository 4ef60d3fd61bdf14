"""TPE that weighs what a configuration will cost in energy."""

from eahas_plugins.optuna.samplers import EnergyTPESampler


__all__ = ["EnergyTPESampler"]
