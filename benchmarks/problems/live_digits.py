"""A small network on scikit-learn's digits, trained live: its accuracy.

The learning rate falls to zero at the end of the schedule, so a training that is cut says little.
Energy grows with width and depth, and with smaller batches.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace, Float, Integer, OrdinalHyperparameter

from benchmarks.harness.bench import SCHEDULE
from benchmarks.harness.live import LiveTask
from benchmarks.problems._by_epochs import Network, cosine, train_by_epochs
from eahas_plugins.targets import EnergyTraining
from eahas_plugins.targets.metric import Direction, metric_of

FIDELITIES = ("schedule", "cut")
PLAIN_IN_FULL = True
METRIC = "accuracy"
DIRECTION: Direction = "maximize"
SCHEDULES = (2, 6, 18)
N_PASSES = 4
"""Passes through the images in an epoch."""
N_TRAIN, N_VAL = 900, 450
"""Images to train on and to validate on; the rest, 447, are for the test."""


@cache
def data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images, shape (1797, 64), and labels in an order of their own.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return (x[order] / 16.0).astype(np.float32), y[order].astype(np.intp)


def space() -> ConfigurationSpace:
    """Architecture and training."""
    found = ConfigurationSpace(name="live-digits")
    found.add(
        [
            Integer("n_layers", (1, 3)),
            Integer("width", (16, 256), log=True),
            Float("learning_rate", (1e-4, 1e-1), log=True),
            Integer("batch_size", (16, 128), log=True),
            Float("weight_decay", (1e-3, 10.0), log=True),
            Float("noise", (0.0, 0.8)),
            OrdinalHyperparameter(SCHEDULE, SCHEDULES, default_value=SCHEDULES[-1]),
        ]
    )
    return found


class Classifier:
    """A network, and where its training stands."""

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        self._config = config
        self._rng = np.random.default_rng(seed)
        sizes = [64, *[config["width"]] * config["n_layers"], 10]
        self._network = Network(sizes, rng=self._rng, weight_decay=config["weight_decay"])

    def epoch(self, number: int) -> None:
        """Some passes through all images, each time shifted by a pixel at most and with noise."""
        x, y = (part[:N_TRAIN] for part in data())
        rate, n_batches = self._config["learning_rate"], round(N_TRAIN / self._config["batch_size"])
        for turn in range(N_PASSES):
            shift = self._rng.integers(-1, 2, size=2)
            moved = np.roll(x.reshape(-1, 8, 8), shift, axis=(1, 2)).reshape(-1, 64)
            batches = np.array_split(self._rng.permutation(N_TRAIN), n_batches)
            for position, batch in enumerate(batches):
                passes = turn + position / n_batches
                done = (number + passes / N_PASSES) / self._config[SCHEDULE]
                noise = self._rng.standard_normal((len(batch), 64), dtype=np.float32)
                noise *= np.float32(self._config["noise"])
                self._network.step(moved[batch] + noise, y[batch], rate * cosine(done))

    def values(self) -> tuple[float, float]:
        """Accuracy on the validation and on the test images."""
        x, y = (part[N_TRAIN:] for part in data())
        right = self._network.logs(x).argmax(axis=1) == y
        return float(right[:N_VAL].mean()), float(right[N_VAL:].mean())


def train(config: dict[str, Any], training: EnergyTraining) -> dict[str, float] | None:
    """One training."""
    with np.errstate(all="ignore"):  # what diverges guesses, and its accuracy says so
        return train_by_epochs(
            Classifier(config, training.seed),
            training,
            n_epochs=config[SCHEDULE],
            name=METRIC,
            worst=0.0,
        )


def load(source: Path | None) -> LiveTask:
    """The task; ``source`` is not used.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
    """
    x, y = data()
    return LiveTask(
        space=space(),
        train=train,
        metric=metric_of(METRIC, DIRECTION),
        worst=0.0,
        data_set=f"scikit-learn's digits: {N_TRAIN} to train, {N_VAL} to validate, others to test",
        data=x.tobytes() + y.tobytes(),
        packages=("scikit-learn",),
    )
