"""Networks trained on Fashion-MNIST (measured)."""

from __future__ import annotations

from pathlib import Path

import surrogate

FIDELITIES = ("schedule", "cut")
COUNTS_FULL = False


def load(source: Path | None) -> surrogate.Benchmark:
    """The benchmark that the package ships; ``source`` is not used."""
    return surrogate.load("fashion-nano")
