"""A small benchmark over the real fashion-nano space, computed instead of measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace

from surrogate.records import Run
from surrogate.space.tasks import get_space

BEST_LR = 0.05


class SyntheticBench:
    """Accuracy by learning rate, width and schedule; energy by size of the network."""

    def __init__(self) -> None:
        self.space: ConfigurationSpace = get_space("fashion-nano")
        self.provenance: Mapping[str, Any] = {"kind": "simulated", "hash": "none"}

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        n_epochs = int(config["max_epoch"])
        progress = np.arange(1, n_epochs + 1) / n_epochs
        distance = abs(np.log10(config["base_lr"] / BEST_LR)) + abs(config["wa"] - 6.0) / 8.0
        final = 0.9 - 0.15 * distance - 0.4 / n_epochs
        test = final * (0.3 + 0.7 * progress**2)
        noise = 0.0 if seed is None else 0.01 * np.random.default_rng(seed).standard_normal()
        val = np.clip(test + noise, 0.0, 1.0)
        step_kwh = 1e-5 * config["depth"] * config["w0"]
        energy = step_kwh * np.arange(1, n_epochs + 1)
        return Run(
            train_accuracy=None,
            val_accuracy=val,
            test_accuracy=np.clip(test, 0.0, 1.0),
            energy_kwh=energy,
            runtime_s=energy * 3.6e4,
            inference_energy_kwh=step_kwh / 10.0,
            complexity=None,
        )

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> list[Run]:
        return [self.query(config, seed=seed) for config in configs]


class TestOnlyBench(SyntheticBench):
    """Like the official checkpoints, it knows only the test accuracy."""

    __test__ = False

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        run = super().query(config, seed=seed)
        return Run(
            train_accuracy=None,
            val_accuracy=None,
            test_accuracy=run.val_accuracy,
            energy_kwh=run.energy_kwh,
            runtime_s=None,
            inference_energy_kwh=None,
            complexity=None,
        )


@dataclass(frozen=True)
class SyntheticProblem:
    """Can be sent to worker processes."""

    name: str = "synthetic"

    def load(self) -> SyntheticBench:
        return SyntheticBench()
