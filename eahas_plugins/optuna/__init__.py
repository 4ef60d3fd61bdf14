"""Energy-aware samplers, pruners, budgets and objectives for Optuna studies.

Names are imported on first use, so that importing this package costs little more than Optuna.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

try:
    import optuna as _optuna  # noqa: F401 - required once, here
except ModuleNotFoundError as error:
    if error.name != "optuna":
        raise
    raise ImportError(
        "eahas_plugins.optuna needs Optuna: pip install 'eahas-plugins[optuna]'"
    ) from error

if TYPE_CHECKING:
    from eahas_plugins.optuna.budget import EnergyBudget
    from eahas_plugins.optuna.pruners import EnergyHyperbandPruner

_HOMES = {
    "EnergyBudget": "eahas_plugins.optuna.budget",
    "EnergyHyperbandPruner": "eahas_plugins.optuna.pruners",
}

__all__ = ["EnergyBudget", "EnergyHyperbandPruner"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
