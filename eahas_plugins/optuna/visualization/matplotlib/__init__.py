"""The figures of ``eahas_plugins.optuna.visualization`` with matplotlib: ``Axes`` come out."""

from __future__ import annotations

try:
    import matplotlib  # noqa: F401 - required once, here
except ModuleNotFoundError as error:
    if error.name != "matplotlib":
        raise
    raise ImportError("these figures need matplotlib: pip install 'eahas-plugins[viz]'") from error

# the names stand there, beside the figures
from eahas_plugins.optuna.visualization.matplotlib._front_matplotlib import *  # noqa: F403
from eahas_plugins.optuna.visualization.matplotlib._matplotlib import *  # noqa: F403
