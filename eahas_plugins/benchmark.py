"""What an adapter needs from a benchmark: nothing is imported from one.

This protocol is all that a benchmark must have to be used with the plugins; that of the surrogate
(``surrogate.Benchmark``) has more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray

from eahas_plugins.namesake import displaced

Curve = NDArray[np.float64]
Accuracy = Literal["auto", "val_accuracy", "test_accuracy"]
ACCURACIES: tuple[Accuracy, ...] = ("auto", "val_accuracy", "test_accuracy")
"""Which curve of a benchmark is the accuracy that a search optimises."""


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


def check_benchmark(bench: object) -> None:
    """Refuse what is no benchmark, such as the name of a task.

    Raises:
        TypeError: If it has no space or cannot be queried.
    """
    if isinstance(getattr(bench, "space", None), ConfigurationSpace) and hasattr(bench, "query"):
        return
    another = displaced()
    raise TypeError(
        "bench must be a benchmark, as surrogate.load('fashion-nano') makes one, or have its "
        f".space (a ConfigSpace) and .query(config), but got {bench!r}."
        + (f" By the way, {another}" if another else "")
    )


def accuracy_curve(run: BenchmarkRun, wanted: Accuracy = "auto") -> tuple[str, Curve]:
    """Name and values of the accuracy.

    Args:
        run: A training.
        wanted: One curve, or ``"auto"``: validation where the benchmark knows it, else test. The
            official EA-HAS-Bench checkpoints model the test set alone, so searching them, here
            as upstream, sees the data that the result is judged on.

    Raises:
        ValueError: If ``wanted`` is none of :data:`ACCURACIES` or the training does not have it.
    """
    if wanted not in ACCURACIES:
        raise ValueError(f"accuracy must be one of {', '.join(ACCURACIES)} but got {wanted!r}.")
    names = ("val_accuracy", "test_accuracy") if wanted == "auto" else (wanted,)
    for name in names:
        curve: Curve | None = getattr(run, name)
        if curve is not None:
            return name, curve
    raise ValueError(
        f"the benchmark must know {' or '.join(names)} to optimise it"
        + (": 'auto' takes what it knows." if wanted == "val_accuracy" else ".")
    )
