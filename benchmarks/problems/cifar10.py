"""The paper's CIFAR-10 space from the calibrated simulation."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness.bench import Bench

FIDELITIES = ("schedule", "cut")


def load(source: Path | None) -> Bench:
    """The benchmark that the package ships; ``source`` is not used."""
    import surrogate

    bench: Bench = surrogate.load("cifar10")
    return bench
