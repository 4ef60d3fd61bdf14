"""A small benchmark whose trainings are computed in closed form: real curves, no files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Float,
    Integer,
    OrdinalHyperparameter,
)
from numpy.typing import NDArray


@dataclass(frozen=True)
class PowerLawRun:
    val_accuracy: NDArray[np.float64]
    test_accuracy: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    runtime_s: NDArray[np.float64]
    inference_energy_kwh: float | None = None


class PowerLawBench:
    """Wider networks are better and cost more; the learning rate has an optimum."""

    def __init__(self, seed: int | None = None) -> None:
        self.space = ConfigurationSpace(name="power-law", seed=seed)
        self.space.add(
            [
                Integer("width", (4, 256), log=True),
                Float("lr", (1e-3, 1.0), log=True),
                Categorical("optimizer", ["sgd", "adam"]),
                OrdinalHyperparameter("max_epoch", [5, 10, 20]),
            ]
        )

    def query(self, config: Any) -> PowerLawRun:
        n_epochs = int(config["max_epoch"])
        epoch = np.arange(1, n_epochs + 1, dtype=np.float64)
        size = np.log(config["width"] / 4) / np.log(64)
        tuned = np.exp(-((np.log10(config["lr"]) + 1.5) ** 2))
        best = 0.5 + 0.3 * tuned + 0.15 * size
        if config["optimizer"] == "adam":
            best += 0.02
        accuracy = best * (1.0 - 0.6 * np.exp(-5.0 * epoch / n_epochs))
        per_epoch = 1e-4 * (1.0 + config["width"] / 16)
        return PowerLawRun(
            val_accuracy=accuracy,
            test_accuracy=accuracy - 0.01,
            energy_kwh=per_epoch * epoch,
            runtime_s=3.0 * epoch,
        )
