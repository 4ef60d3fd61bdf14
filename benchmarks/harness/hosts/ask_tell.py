"""Methods that are asked for configurations and told results, in whichever package they live.

Nothing here needs Optuna, so that a package which pins an old one can have its own environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness.live import LiveBench
from benchmarks.harness.study import Evaluation, Setting

Ask = Callable[[], dict[str, Any]]
Tell = Callable[[dict[str, Any], float, float], None]


def spend(setting: Setting, *, ask: Ask, tell: Tell) -> list[Evaluation]:
    """Train what is asked for, each training complete, until the energy is spent.

    The last training is cut after the last epoch that is paid for, and nothing is told about it.

    Args:
        setting: What the method is given.
        ask: Returns the next configuration, complete and in native values.
        tell: Takes the configuration, its observed validation accuracy and its energy, kWh.

    Raises:
        ValueError: If the task is a live one.
    """
    setting.check_one_objective("a method that is told accuracies")
    bench = setting.bench
    if isinstance(bench, LiveBench):
        raise ValueError("a live task must be searched by a host: Optuna, SMAC or HpBandSter.")
    found: list[Evaluation] = []
    left = setting.budget_kwh
    while True:
        config = ask()
        run = bench.query(config)
        energy, accuracy = run.energy_kwh, run.val_accuracy
        assert energy is not None  # SeededBench checks it
        assert accuracy is not None
        epochs = int(np.searchsorted(energy, left, side="right"))
        if epochs:
            kwh = float(energy[epochs - 1])
            found.append(Evaluation(config=config, energy_kwh=kwh, epochs=epochs))
        if epochs < len(energy):
            return found
        left -= kwh
        tell(config, float(accuracy[-1]), kwh)
