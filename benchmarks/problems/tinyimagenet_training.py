"""TinyImageNet (simulated): the front of accuracy and the energy of the training."""

from __future__ import annotations

from pathlib import Path

from benchmarks.problems._fronts import TRAINING, FrontTask, front_of

FIDELITIES = ("schedule", "cut")
COUNTS_FULL = False


def load(source: Path | None) -> FrontTask:
    """The benchmark that the package ships; ``source`` is not used."""
    return front_of("tinyimagenet", TRAINING)
