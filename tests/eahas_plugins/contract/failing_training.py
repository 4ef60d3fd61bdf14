"""A user's training that fails where, when and how a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from eahas_plugins.targets import EnergyTraining
from tests.eahas_plugins.contract.own_training import BEST_X, EPOCH_KWH, LENGTH, Direction
from tests.eahas_plugins.meters import Counter

How = Literal["raises", "memory", "nan", "infinite", "no metric", "before"]
FAILS_AT = 2
"""The step at which it fails."""


@dataclass
class FailingTraining:
    """Its score is best at ``BEST_X``, and where it fails it looks even better before.

    Args:
        direction: As of `OwnTraining`.
        meter: What counts what it burns.
        fails: Which trainings fail, by their x and how many have begun before them.
        how: ``"before"`` is before anything has been trained.
    """

    direction: Direction
    meter: Counter
    fails: Callable[[float, int], bool]
    how: How = "raises"
    begun: list[float] = field(default_factory=list)
    failed: list[float] = field(default_factory=list)
    _lock: Any = field(default_factory=threading.Lock)

    def __call__(self, config: dict[str, Any], training: EnergyTraining) -> dict[str, float] | None:
        x, n_steps = config["x"], config[LENGTH]
        with self._lock:
            fails = self.fails(x, len(self.begun))
            self.begun.append(x)
            if fails:
                self.failed.append(x)
        if fails and self.how == "before":
            raise FileNotFoundError("no such data set")
        for step in range(training.epochs + 1, n_steps + 1):
            with self._lock:
                self.meter.energy_kwh += EPOCH_KWH
            if fails and step >= FAILS_AT:
                return self._fail(training)
            score = 50.0 * abs(x - BEST_X) + 40.0 / step
            score = 0.0 if fails else score
            (training.checkpoint / "step").write_text(str(step))  # what it goes on from
            if training.report(score=-score if self.direction == "maximize" else score):
                return None
        return None

    def _fail(self, training: EnergyTraining) -> dict[str, float]:
        if self.how == "memory":
            raise MemoryError
        if self.how == "nan":
            training.report(score=float("nan"))
        if self.how == "infinite":
            training.report(score=float("-inf" if self.direction == "minimize" else "inf"))
        if self.how == "no metric":
            return {"score": float("nan")}
        raise RuntimeError("the training diverged")
