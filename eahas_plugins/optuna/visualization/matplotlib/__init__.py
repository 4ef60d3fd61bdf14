"""The figures of ``eahas_plugins.optuna.visualization`` with matplotlib: ``Axes`` come out."""

from __future__ import annotations

try:
    import matplotlib  # noqa: F401 - required once, here
except ModuleNotFoundError as error:
    if error.name != "matplotlib":
        raise
    raise ImportError("these figures need matplotlib: pip install 'eahas-plugins[viz]'") from error

from eahas_plugins.optuna.visualization.matplotlib._matplotlib import (
    plot_energy_by_state,
    plot_energy_history,
    plot_energy_pareto_front,
    plot_value_over_energy,
)

__all__ = [
    "plot_energy_by_state",
    "plot_energy_history",
    "plot_energy_pareto_front",
    "plot_value_over_energy",
]
