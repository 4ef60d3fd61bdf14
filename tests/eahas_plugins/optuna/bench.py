"""A small benchmark with known curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ConfigSpace as CS  # noqa: N817
import numpy as np


@dataclass(frozen=True, kw_only=True)
class Curves:
    """One training."""

    val_accuracy: np.ndarray | None
    test_accuracy: np.ndarray | None
    energy_kwh: np.ndarray | None
    runtime_s: np.ndarray | None
    inference_energy_kwh: float | None


class Bench:
    """Width 32 is best, energy is 1e-3 kWh per unit of width and epoch."""

    def __init__(self, *, energy: bool = True, forbid: bool = False) -> None:
        self.space = CS.ConfigurationSpace(seed=0)
        width = CS.OrdinalHyperparameter("width", [8, 16, 32, 64])
        epochs = CS.OrdinalHyperparameter("max_epoch", [5, 10, 20])
        self.space.add(width, epochs)
        if forbid:
            self.space.add(CS.ForbiddenEqualsClause(width, 64))
        self.provenance = {"kind": "simulated", "task": "test"}
        self._energy = energy

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Curves:
        """The training of one configuration; a seed adds noise."""
        n = int(config["max_epoch"])
        epochs = np.arange(1, n + 1)
        best = 0.9 - 0.1 * abs(np.log2(config["width"] / 32)) - 0.5 / n
        noise = 0.0 if seed is None else 0.01 * np.random.default_rng(seed).normal()
        val = best - 0.5 / epochs + noise
        energy = 1e-3 * config["width"] * epochs if self._energy else None
        return Curves(
            val_accuracy=val,
            test_accuracy=val - 0.01,
            energy_kwh=energy,
            runtime_s=10.0 * epochs,
            inference_energy_kwh=1e-6 * config["width"] if self._energy else None,
        )
