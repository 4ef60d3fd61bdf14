"""Which curve of a benchmark is the accuracy that a search optimises."""

from __future__ import annotations

from typing import Literal

from eahas_plugins.benchmark import BenchmarkRun, Curve

Accuracy = Literal["auto", "val_accuracy", "test_accuracy"]
ACCURACIES: tuple[Accuracy, ...] = ("auto", "val_accuracy", "test_accuracy")


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
