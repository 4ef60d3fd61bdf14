"""Figures of a study's energy."""

from eahas_plugins.optuna.visualization import plot_energy_by_state
from eahas_plugins.optuna.visualization import plot_energy_history
from eahas_plugins.optuna.visualization import plot_energy_pareto_front
from eahas_plugins.optuna.visualization import plot_value_over_energy


__all__ = [
    "plot_energy_by_state",
    "plot_energy_history",
    "plot_energy_pareto_front",
    "plot_value_over_energy",
]
