"""One user's training, written once, that every host runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ConfigSpace import ConfigurationSpace

from eahas_plugins.targets import EnergyTraining
from tests.eahas_plugins.meters import Counter

METRIC = "score"
LENGTH = "n_steps"
SHORT, LONG = 5, 20
EPOCH_KWH = 1e-3
BEST_X, FAILS_ABOVE, FAILS_AT = 0.3, 0.85, 3

Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One trial of a search, whatever its host calls things."""

    x: float
    length: float
    score: float | None
    size: float | None
    energy_kwh: float
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


def space() -> ConfigurationSpace:
    return ConfigurationSpace({"x": (0.0, 1.0)})
