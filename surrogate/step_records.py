"""Measured pieces of a training: one step, one batch of evaluation and one image, per line.

Written by ``python -m benchmarks measure-steps``; what a training costs follows from them and the
size of the data set, without a training.

Schema history:
    1: see :class:`StepRecord`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eahas_plugins.files import as_dataclass, objects_of, read_lines

_log = logging.getLogger(__name__)

STEP_SCHEMA = 1
_ROUNDING = 1e-6
MEASURED, TOO_LARGE = "measured", "out of memory"
Precision = Literal["fp32", "tf32", "bf16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceCost:
    """What one repetition of a piece of work took.

    Args:
        images: Images in it.
        seconds: Time, s. Positive.
        joules: Energy of all that the meter counts, J, its static power included. Positive.
        above_static_joules: The same without the static power, J.
        watts: Mean power, W.
        windows_joules: The same energy by each window that was measured, J; how well they agree
            is how well it repeats.

    Raises:
        ValueError: If a number is out of range.
    """

    images: int
    seconds: float
    joules: float
    above_static_joules: float
    watts: float
    windows_joules: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = (float(self.images), self.seconds, self.joules, self.watts, *self.windows_joules)
        if not all(0.0 < number < math.inf for number in numbers):
            raise ValueError(f"a piece of work must have positive finite numbers but got {self}.")
        if not math.isfinite(self.above_static_joules):
            raise ValueError("above_static_joules must be finite.")
        mean_j = sum(self.windows_joules) / len(self.windows_joules or (0.0,))
        for found in (mean_j, self.watts * self.seconds):
            if not math.isclose(found, self.joules, rel_tol=_ROUNDING):
                raise ValueError(
                    f"joules must be the mean of windows_joules and watts times seconds but got "
                    f"{self}: was it edited?"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """One line: the pieces of a configuration's training.

    Args:
        schema: Always :data:`STEP_SCHEMA`.
        task: The task of whose space it is.
        run: Its number; the same number is the same configuration everywhere.
        config: The configuration.
        seed: Seed of the weights and images.
        status: ``"measured"``, or ``"out of memory"``: then there is no piece.
        note: Why there is none.
        precision: ``"fp32"``, ``"tf32"`` or ``"bf16"`` (autocast).
        batch: Images in a training step and in a batch of evaluation.
        image_size_px: Height and width of an image.
        training: One step: forward, backward, optimizer, average of the weights.
        loader_wait_s: How long the device is taken to wait for data in each step, s.
        training_with_wait: One step and that wait, at the static power.
        evaluation: One batch through the averaged weights.
        inference: One image alone through the averaged weights.
        loss_is_finite: Whether the loss was a number to the end.
        memory: Bytes: free before, needed at least, and the peak where the device tells.
        before: Clocks, temperature and power before, as far as the device tells.
        after: The same afterwards.
        meter: What measured: kind, name, static power and windows.
        machine: Where: board, driver, power limit, processor.
        versions: With what.
        started: When, ISO 8601.

    Raises:
        ValueError: If the schema is another one, a piece is missing or a number is out of range.
    """

    schema: int
    task: str
    run: int
    config: Mapping[str, Any]
    seed: int
    status: Literal["measured", "out of memory"]
    precision: Precision
    batch: int
    image_size_px: int
    machine: Mapping[str, Any]
    versions: Mapping[str, Any]
    started: str
    memory: Mapping[str, Any]
    loader_wait_s: float = 0.0
    note: str | None = None
    training: PieceCost | None = None
    training_with_wait: PieceCost | None = None
    evaluation: PieceCost | None = None
    inference: PieceCost | None = None
    loss_is_finite: bool | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    meter: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.schema != STEP_SCHEMA:
            raise ValueError(f"schema must be {STEP_SCHEMA} but got {self.schema}.")
        if self.run < 0 or self.batch < 1 or self.image_size_px < 1:
            raise ValueError("run must not be negative, batch and image_size_px positive.")
        if not 0.0 <= self.loader_wait_s < math.inf:
            raise ValueError(
                f"loader_wait_s must be finite and not negative but got {self.loader_wait_s}."
            )
        pieces = (self.training, self.evaluation, self.inference)
        if self.status == MEASURED and (None in pieces or self.meter is None):
            raise ValueError("a measured row must have training, evaluation, inference and meter.")
        if self.meter is not None:
            watts = self.meter.get("static_watts")
            if not isinstance(watts, int | float) or not 0.0 <= watts < math.inf:
                raise ValueError(f"static_watts must be finite, not negative, but got {watts!r}.")

    @property
    def static_watts(self) -> float:
        """Power of the device without work, W."""
        return float((self.meter or {})["static_watts"])

    @property
    def setting(self) -> dict[str, Any]:
        """What rows must have in common to be learnt from together."""
        return {
            "task": self.task,
            "precision": self.precision,
            "batch": self.batch,
            "image_size_px": self.image_size_px,
            "board": board(self.machine),
            "power_limit_watts": self.machine.get("power_limit_watts"),
            "n_threads": self.machine.get("n_threads"),
        }


def board(machine: Mapping[str, Any]) -> str:
    """The device that was measured: the GPU, else the processor."""
    return str(machine.get("gpu") or machine.get("cpu") or "an unknown device")


def parse_step_record(line: Any, where: str) -> StepRecord:
    """The row of a JSON object.

    Raises:
        ValueError: If it does not follow the schema.
    """
    return as_dataclass(StepRecord, line, where)


def read_step_records(path: Path) -> tuple[StepRecord, ...]:
    """All rows of a file; lines that a crash has left half-written are left out, with a warning.

    Raises:
        ValueError: If there is no such file, it cannot be read, or a row does not follow the
            schema.
    """
    if not path.is_file():
        inside = path / "rows.jsonl"
        hint = f": give {inside}" if inside.is_file() else ""
        raise ValueError(f"costs must be a file of measure-steps but {path} is none{hint}.")
    torn: list[str] = []
    lines = objects_of(read_lines(path), path, torn=torn)
    rows = tuple(parse_step_record(line, f"{path}, line {number},") for number, line in lines)
    for message in torn:
        _log.warning("%s A crash while it was written? It was left out.", message)
    return rows
