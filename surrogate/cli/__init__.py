"""The command ``eahas``: metered energy, reports and studies, tasks and queries, checkpoints."""

from __future__ import annotations

from surrogate.cli import benchmark, energy, studies
from surrogate.cli.app import app

__all__ = ["app", "benchmark", "energy", "main", "studies"]


def main() -> None:
    """Run the command."""
    app()
