"""Simulated samples of the size that the published figures show, drawn once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from surrogate.simulation.simulate import J_PER_KWH, simulate
from surrogate.space.constraint import sample
from surrogate.space.task import Limits

N = 12_000


@dataclass(frozen=True)
class Sample:
    """Final accuracies in percent; energy in Wh, runtime in s and mean power in W per epoch."""

    configs: list
    val: np.ndarray
    test: np.ndarray
    wh: np.ndarray
    seconds: np.ndarray

    @property
    def watts(self):
        return 3600.0 * self.wh / self.seconds


def draw(task):
    configs = sample(task, N, seed=11, limits=Limits())
    runs = simulate(configs, task, seed=range(N))
    wh = [np.diff(run.energy_kwh).mean() * 1e3 for run in runs]
    assert J_PER_KWH == 3.6e6
    return Sample(
        configs=configs,
        val=100 * np.array([run.val_accuracy[-1] for run in runs]),
        test=100 * np.array([run.test_accuracy[-1] for run in runs]),
        wh=np.array(wh),
        seconds=np.array([np.diff(run.runtime_s).mean() for run in runs]),
    )


@pytest.fixture(scope="session")
def cifar10():
    return draw("cifar10")


@pytest.fixture(scope="session")
def tinyimagenet():
    return draw("tinyimagenet")
