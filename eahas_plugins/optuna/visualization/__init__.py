"""Figures of a study's energy with plotly; the same with matplotlib in ``.matplotlib``.

They follow ``optuna.visualization``: a study in, a ``plotly.graph_objects.Figure`` out. Neither
library is imported before a figure of its is asked for.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eahas_plugins.optuna.visualization import matplotlib
    from eahas_plugins.optuna.visualization._front_plotly import (
        plot_attainment,
        plot_front_history,
        plot_front_table,
    )
    from eahas_plugins.optuna.visualization._plotly import (
        plot_energy_by_state,
        plot_energy_history,
        plot_energy_pareto_front,
        plot_value_over_energy,
    )

__all__ = [
    "matplotlib",
    "plot_attainment",
    "plot_energy_by_state",
    "plot_energy_history",
    "plot_energy_pareto_front",
    "plot_front_history",
    "plot_front_table",
    "plot_value_over_energy",
]
_OF_FRONTS = ("plot_attainment", "plot_front_history", "plot_front_table")

if not TYPE_CHECKING:  # which would take any misspelt name for one of ours

    def __getattr__(name: str) -> Any:
        if name == "matplotlib":
            return importlib.import_module(f"{__name__}.matplotlib")
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            importlib.import_module("plotly")
        except ModuleNotFoundError as error:
            if error.name != "plotly":
                raise
            raise ImportError(
                "these figures need plotly: pip install 'eahas-plugins[viz]'"
            ) from error
        module = "_front_plotly" if name in _OF_FRONTS else "_plotly"
        return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    """Name what can be had here: not the figures where their library is missing."""
    needs = {name: "matplotlib" if name == "matplotlib" else "plotly" for name in __all__}
    there = {name for name, library in needs.items() if importlib.util.find_spec(library)}
    return sorted({*globals(), *there})
