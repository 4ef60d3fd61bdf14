"""What one training run is made of, and the schema in which runs are recorded.

Schema history:
    1: ``schema``, ``config``, ``status`` and whatever was measured (see :class:`Record`).
       ``disturbed`` is written for readers of the file; it is computed from the times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from surrogate.record_fields import (
    FRACTIONS,
    PER_EPOCH,
    Curve,
    read_integer,
    read_one,
    read_training,
    same,
)

SCHEMA = 1

DISTURBED = 1.2
"""A run whose wall-clock time is more than this many times its CPU time shared its core."""

PROVENANCES = ("measured", "estimated", "predicted", "simulated", "imported")
"""Where a number comes from: a measurement, a model of the machine, a model fitted to trainings
(which were measured or estimated), a simulation or a model fitted to it, official checkpoints."""
QUANTITIES = (
    "train_accuracy",
    "val_accuracy",
    "test_accuracy",
    "energy_kwh",
    "runtime_s",
    "inference_energy_kwh",
)
"""What a run may know, beside its complexity."""
CURVES = QUANTITIES[:-1]
"""Those that have a value for each epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complexity:
    """Size of a network.

    Args:
        params: Trainable parameters.
        flops: Multiply-adds of one image's forward pass.
        activations: Outputs of all convolutions for one image.
    """

    params: int
    flops: int
    activations: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One training: what a query predicts and what a table records. Unknown values are None.

    Args:
        train_accuracy: Accuracy on the training set after each epoch, in [0, 1].
        val_accuracy: The same on the validation set.
        test_accuracy: The same on the test set.
        energy_kwh: Cumulative training energy after each epoch, kWh; never falls.
        runtime_s: Cumulative training time after each epoch, s; never falls.
        inference_energy_kwh: Energy of one pass over the validation set, kWh.
        complexity: Size of the network.
        provenance: Where each of the quantities that are known comes from, one of
            :data:`PROVENANCES` by its name; sizes are counted, not measured.
    """

    train_accuracy: Curve | None
    val_accuracy: Curve | None
    test_accuracy: Curve | None
    energy_kwh: Curve | None
    runtime_s: Curve | None
    inference_energy_kwh: float | None
    complexity: Complexity | None
    provenance: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    __hash__ = None  # type: ignore[assignment]  # arrays have none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row(Run):
    """A recorded training: the fields of a query's result, and what was trained.

    Args:
        config: The configuration.
        seed: Seed of the training, if known.
        record: Everything that was recorded.
    """

    config: Mapping[str, Any]
    seed: int | None
    record: Record = field(repr=False, compare=False)

    @property
    def disturbed(self) -> bool | None:
        """Whether other work on the machine delayed it by over 20 %. See `Record.disturbed`."""
        return self.record.disturbed


def _copied(curve: Curve | None) -> Curve | None:
    return None if curve is None else curve.copy()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """One line of a record file. What was not recorded is None.

    Curves may be given as any list of numbers.

    Args:
        config: The configuration; any names and JSON values.
        status: ``"finished"``, or why the training did not finish; only finished ones are used.
        task: The task it belongs to.
        run: Number of the run.
        config_run: The first run with this configuration, the same for all its repeats.
        seed: Seed of the training.
        train_accuracy: Accuracy on the training set after each epoch, in [0, 1].
        val_accuracy: The same on the validation set.
        test_accuracy: The same on the test set.
        train_loss: Training loss of each epoch; NaN (``null`` in JSON) where it was not finite.
        train_cpu_s: CPU seconds of each epoch's training.
        train_wall_s: Wall-clock seconds of each epoch's training.
        eval_cpu_s: CPU seconds of the evaluation after each epoch.
        energy_kwh: Training energy of *each* epoch, kWh (not cumulative).
        inference_cpu_s: CPU seconds of one pass over the validation set.
        inference_wall_s: Wall-clock seconds of the same.
        inference_energy_kwh: Energy of the same, kWh.
        complexity: Size of the network.
        meter: What measured the energy, and how; has ``"kind"`` and ``"name"``.
        machine: Where it was trained.
        versions: With what it was trained.
        started: When it was started, ISO 8601.

    Raises:
        ValueError: If it does not follow the schema, or a finished one has no curve.
    """

    config: Mapping[str, Any]
    status: str = "finished"
    task: str | None = None
    run: int | None = None
    config_run: int | None = None
    seed: int | None = None
    train_accuracy: Curve | None = None
    val_accuracy: Curve | None = None
    test_accuracy: Curve | None = None
    train_loss: Curve | None = None
    train_cpu_s: Curve | None = None
    train_wall_s: Curve | None = None
    eval_cpu_s: Curve | None = None
    energy_kwh: Curve | None = None
    inference_cpu_s: float | None = None
    inference_wall_s: float | None = None
    inference_energy_kwh: float | None = None
    complexity: Complexity | None = None
    meter: Mapping[str, Any] | None = None
    machine: Mapping[str, Any] | None = None
    versions: Mapping[str, Any] | None = None
    started: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.config, Mapping) or not self.config:
            raise ValueError("config must be an object with at least one hyperparameter.")
        given = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        known = {"config": dict(self.config), **read_training(given)}
        if read_one(given, "complexity", Complexity, "a Complexity") is not None:
            known["complexity"] = _whole(given["complexity"])
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    @property
    def n_epochs(self) -> int:
        """Epochs trained."""
        return max(
            len(getattr(self, name)) for name in PER_EPOCH if getattr(self, name) is not None
        )

    @property
    def on_gpu(self) -> bool:
        """Whether it was trained on a GPU."""
        return bool(self.machine and self.machine.get("gpu"))

    @property
    def disturbed(self) -> bool | None:
        """Whether its wall-clock time is over 20 % above its CPU time; None if not known.

        Computed from the times, so that it holds for records of any age.
        """
        if self.train_wall_s is None or self.train_cpu_s is None:
            return None
        return bool(self.train_wall_s.sum() > DISTURBED * self.train_cpu_s.sum())

    @property
    def epoch_s(self) -> Curve | None:
        """Training time of each epoch, s.

        CPU time where known, which waiting for a core does not lengthen; on a GPU, whose work the
        CPU time does not tell, wall-clock time.
        """
        cpu_s = None if self.on_gpu else self.train_cpu_s
        return self.train_wall_s if cpu_s is None else cpu_s

    def row(self) -> Row:
        """This record with the fields of a query's result (energy and time cumulative)."""
        known: dict[str, Any] = {
            **{name: _copied(getattr(self, name)) for name in FRACTIONS},
            "energy_kwh": None if self.energy_kwh is None else np.cumsum(self.energy_kwh),
            "runtime_s": None if self.epoch_s is None else np.cumsum(self.epoch_s),
            "inference_energy_kwh": self.inference_energy_kwh,
        }
        return Row(
            **known,
            complexity=self.complexity,
            provenance=self._provenance(known),
            config=self.config,
            seed=self.seed,
            record=self,
        )

    def _provenance(self, known: Mapping[str, Any]) -> dict[str, str]:
        """Energy is what the meter says, and unknown without one; the rest was measured."""
        kind = (self.meter or {}).get("kind")
        other = kind if kind in ("simulated", "imported", "predicted") else "measured"
        kinds = {
            name: kind if name in ("energy_kwh", "inference_energy_kwh") else other
            for name, value in known.items()
            if value is not None
        }
        return {name: kind for name, kind in kinds.items() if kind in PROVENANCES}

    def to_json(self) -> dict[str, Any]:
        """The JSON object of this record; what is None is left out."""
        line: dict[str, Any] = {"schema": SCHEMA}
        for name in (entry.name for entry in fields(self)):
            value = getattr(self, name)
            if isinstance(value, Complexity):
                value = {part.name: getattr(value, part.name) for part in fields(value)}
            elif isinstance(value, np.ndarray):
                value = [None if np.isnan(number) else number for number in value.tolist()]
            if value is not None:
                line[name] = value
        if self.disturbed is not None:
            line["disturbed"] = self.disturbed
        return line

    @classmethod
    def from_json(cls, line: Any) -> Record:
        """The record of a JSON object; keys that the schema does not have are left out.

        Raises:
            ValueError: If it does not follow the schema.
        """
        if not isinstance(line, Mapping):
            raise ValueError(f"a record must be a JSON object but got {type(line).__name__}.")
        if line.get("schema") != SCHEMA:
            raise ValueError(f"schema must be {SCHEMA} but got {line.get('schema')!r}.")
        known: dict[str, Any] = {entry.name: line.get(entry.name) for entry in fields(cls)}
        size = read_one(line, "complexity", Mapping, "an object")
        if size is not None:
            parts = {part.name: size.get(part.name) for part in fields(Complexity)}
            known["complexity"] = Complexity(**parts)
        return cls(**known)


def meter_kinds(records: Iterable[Record]) -> str:
    """What the meters of trainings are, as in "estimated and measured"; empty if none says it."""
    meters = [record.meter for record in records if record.meter is not None]
    return " and ".join(sorted({str(meter["kind"]) for meter in meters if "kind" in meter}))


def _whole(size: Complexity) -> Complexity:
    given = {part.name: getattr(size, part.name) for part in fields(size)}
    if None in given.values():
        raise ValueError(f"complexity must have {', '.join(given)} but got {given}.")
    parts: dict[str, Any] = {name: read_integer(given, name) for name in given}
    return Complexity(**parts)
