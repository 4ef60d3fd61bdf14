"""Earlier studies whose best is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eahas_plugins.models.kwh import Choice, Number
from eahas_plugins.transfer import EarlierStudy, EarlierTrial

PARAMETERS = {
    "width": Number(low=1, high=64, log=True),
    "lr": Number(low=1e-3, high=1.0, log=True),
    "optimizer": Choice(values=("sgd", "adam")),
    "max_epoch": Choice(values=(5, 10, 20)),
}


def value(config: dict[str, Any], *, best_width: float = 32.0) -> float:
    """An accuracy: highest at this width and a learning rate of 0.1."""
    loss = 0.1 * abs(math.log(config["width"] / best_width)) + 0.1 * abs(
        math.log10(config["lr"]) + 1.0
    )
    return 0.9 - loss - 1.0 / config["max_epoch"]


def made_up(
    n: int = 30, *, seed: int = 0, best_width: float = 32.0, name: str = "", **given: Any
) -> EarlierStudy:
    """A study of random configurations, whose energy is 1e-3 x width x epochs."""
    rng = np.random.default_rng(seed)
    trials = []
    for _ in range(n):
        config = {
            "width": int(np.exp(rng.uniform(0.0, math.log(64.0)))),
            "lr": float(np.exp(rng.uniform(math.log(1e-3), 0.0))),
            "optimizer": str(rng.choice(["sgd", "adam"])),
            "max_epoch": int(rng.choice([5, 10, 20])),
        }
        trials.append(
            EarlierTrial(
                config=config,
                value=value(config, best_width=best_width),
                energy_kwh=1e-3 * config["width"] * config["max_epoch"],
            )
        )
    fields: dict[str, Any] = {
        "name": name or f"seed {seed}",
        "maximize": True,
        "parameters": PARAMETERS,
        "trials": tuple(trials),
    }
    return EarlierStudy(**{**fields, **given})
