"""One user's training, written once, that every host runs."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray

from eahas_plugins.targets import EnergyTraining
from tests.eahas_plugins.meters import Counter

METRIC = "score"
LENGTH = "n_steps"
SHORT, LONG = 5, 20
EPOCH_KWH = 1e-3
BEST_X, FAILS_ABOVE, FAILS_AT = 0.3, 0.85, 3

_LOCK = threading.Lock()
Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One trial of a search, whatever its host calls things."""

    x: float
    length: float
    score: float | None
    size: float | None
    energy_kwh: float
    training_kwh: float | None
    failed: bool


@dataclass
class OwnTraining:
    """Its score, far from [0, 1], is best at ``BEST_X``; it fails where x is large.

    The meter counts what it burns. Not a function, so that each test has its own direction.
    """

    direction: Direction
    meter: Counter

    def __call__(self, config: dict[str, Any], training: EnergyTraining) -> None:
        for step in range(1, config[LENGTH] + 1):
            self.meter.energy_kwh += EPOCH_KWH
            if config["x"] > FAILS_ABOVE and step == FAILS_AT:
                raise RuntimeError("the training diverged")
            far = 50.0 * abs(config["x"] - BEST_X) + 40.0 / step
            score = -far if self.direction == "maximize" else far
            if training.report(score=score, size=10.0 * config["x"]):
                return


@dataclass
class PausingTraining:
    """Gradient descent on a parabola in eight dimensions, with its state in a file.

    A training that goes on must end where one in a single go does.

    Args:
        direction: As of `OwnTraining`.
        meter: What counts what it burns.
        saves: Whether it saves its state after each step, or never does.
        fails_at: The step at which a training fails that has gone on from a checkpoint.
        dies_at: The step in which its process is killed in the middle of saving, once.
        died: A file that says that it has been.
    """

    direction: Direction
    meter: Counter
    saves: bool = True
    fails_at: int | None = None
    dies_at: int | None = None
    died: Path | None = None

    def __call__(self, config: dict[str, Any], training: EnergyTraining) -> None:
        state = training.checkpoint / "weights.npz"
        weights = np.full(8, 4.0)
        if training.resumed:
            with np.load(state) as saved:
                weights, step = saved["weights"], int(saved["step"])
            assert step == training.epochs
        for step in range(training.epochs + 1, config[LENGTH] + 1):
            with _LOCK:
                self.meter.energy_kwh += EPOCH_KWH
            if step == self.fails_at and training.resumed:
                raise RuntimeError("the training diverged")
            weights = descended(weights, config["x"])
            if self.saves:
                np.savez(state, weights=weights, step=np.array(step))
            if step == self.dies_at and self.died is not None and not self.died.exists():
                state.write_bytes(state.read_bytes()[:100])
                self.died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            if training.report(score=score_of(weights, self.direction), size=10.0 * config["x"]):
                return


def descended(weights: NDArray[np.float64], x: float) -> NDArray[np.float64]:
    """After a step; the nearer to ``BEST_X``, the larger it is."""
    return weights * (1.0 - 0.3 * np.exp(-4.0 * abs(x - BEST_X)))


def score_of(weights: NDArray[np.float64], direction: Direction) -> float:
    far = float(np.sum(weights**2))
    return -far if direction == "maximize" else far


def score_in_one_go(x: float, n_steps: int, direction: Direction) -> float:
    """The score of `PausingTraining` without a pause."""
    weights = np.full(8, 4.0)
    for _ in range(n_steps):
        weights = descended(weights, x)
    return score_of(weights, direction)


def space() -> ConfigurationSpace:
    return ConfigurationSpace({"x": (0.0, 1.0)})
