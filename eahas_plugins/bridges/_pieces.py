"""What the bridges share: a library that must be there, a metric, a checkpoint that is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eahas_plugins.targets.training import EnergyTraining


@contextmanager
def needs(bridge: str, install: str, *packages: str) -> Iterator[None]:
    """Say what to install where a bridge's library is not there; other failures are its own.

    Raises:
        ImportError: If one of the packages is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in packages:
            raise
        raise ImportError(f"{bridge} needs {packages[0]}: pip install {install}") from error


def value_of(values: Mapping[str, Any], metric: str) -> float:
    """The value of a metric that a library has computed.

    Raises:
        ValueError: If it has computed none of that name.
    """
    if metric not in values:
        raise ValueError(
            f"metric must be one that the training computes, of {sorted(values)}, but got "
            f"{metric!r}."
        )
    return float(values[metric])


def saved(training: EnergyTraining, name: str) -> Path | None:
    """The file of the checkpoint to go on from; None where the training starts anew."""
    return training.checkpoint / name if training.resumed else None


@contextmanager
def saving(training: EnergyTraining, name: str) -> Iterator[Path]:
    """A path to write a checkpoint to, which takes its place once it is whole."""
    partial = training.checkpoint.with_name(f"{os.getpid()}-{name}")  # libraries mind the suffix
    try:
        yield partial
        partial.replace(training.checkpoint / name)
    finally:
        partial.unlink(missing_ok=True)
