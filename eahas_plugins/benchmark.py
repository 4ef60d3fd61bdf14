"""What an adapter needs from a benchmark: nothing is imported from one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray

Curve = NDArray[np.float64]


@runtime_checkable
class BenchmarkRun(Protocol):
    """One training. Curves have shape (n_epochs,), accuracies lie in [0, 1], None is unknown."""

    @property
    def val_accuracy(self) -> Curve | None:
        """Validation accuracy after each epoch."""

    @property
    def test_accuracy(self) -> Curve | None:
        """Test accuracy after each epoch."""

    @property
    def energy_kwh(self) -> Curve | None:
        """Cumulative training energy after each epoch, kWh."""

    @property
    def runtime_s(self) -> Curve | None:
        """Cumulative training time after each epoch, s."""

    @property
    def inference_energy_kwh(self) -> float | None:
        """Energy of one pass over the validation set, kWh."""


@runtime_checkable
class Benchmark(Protocol):
    """A space and the trainings in it; ``provenance`` (any JSON-able mapping) is optional."""

    @property
    def space(self) -> ConfigurationSpace:
        """The joint space."""

    def query(self, config: Mapping[str, Any]) -> BenchmarkRun:
        """The training of one configuration."""
