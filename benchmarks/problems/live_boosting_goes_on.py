"""The boosted trees of live-boosting, whose longer trainings go on from shorter ones.

A training that was paused after 40 or 120 rounds goes on from the saved trees, and only the
difference is trained and paid; loading the data again is part of it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from benchmarks.harness.live import LiveTask
from benchmarks.problems import live_boosting
from eahas_plugins.targets.metric import Direction

FIDELITIES = ("schedule", "continue", "cut")
PLAIN_IN_FULL = True
METRIC = "rmse"
DIRECTION: Direction = "minimize"


def load(source: Path | None) -> LiveTask:
    """The task; ``source`` is not used.

    Raises:
        ModuleNotFoundError: If XGBoost or scikit-learn is not installed.
    """
    return dataclasses.replace(live_boosting.load(source), goes_on=True)
