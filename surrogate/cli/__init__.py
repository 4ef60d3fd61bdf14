"""The command ``eahas``: metered energy, reports, tasks and queries, official checkpoints."""

from __future__ import annotations

from surrogate.cli import benchmark, energy
from surrogate.cli.app import app

__all__ = ["app", "benchmark", "energy", "main"]


def main() -> None:
    """Run the command."""
    app()
