"""Estimated energy of a recorded training, from its CPU seconds and the size of its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.energy.estimate import SERVER_CORE, Estimate, estimate_energy
from surrogate.records import Record

BATCH_SIZE = 100
N_IMAGES = 4000
BYTES_PER_NUMBER = 4
TRAINING_PASSES = 3
"""Forward, gradient of the inputs, gradient of the weights: each as dear as the forward pass."""
TRANSFERS_PER_ACTIVATION = 6
"""Forward: convolution, normalisation and rectifier each read and write every activation once."""
TRANSFERS_PER_PARAMETER = 8
"""One step: read twice, gradient written and read, momentum and weight read and written."""


def with_estimated_energy(record: dict[str, Any]) -> dict[str, Any]:
    """The same record with its energy, ``meter`` and ``disturbed`` computed anew.

    Measured energy stays as it is. Else energy = static power x CPU seconds + energy per
    multiply-add + energy per byte moved, with the coefficients of
    :data:`eahas_plugins.energy.estimate.SERVER_CORE`.

    Args:
        record: A record of ``collect``; it is not changed.

    Raises:
        ValueError: If it is no record, or lacks CPU seconds or the size of the network.
    """
    known = Record.from_json(record)
    if known.disturbed is not None:
        record = {**record, "disturbed": known.disturbed}
    if (record.get("meter") or {}).get("kind") == "measured":
        return record
    _check(known)
    training, inference = training_estimate(record), _inference_estimate(record)
    total_kwh = float(training.energy_kwh.sum())
    coefficients = SERVER_CORE.coefficients()
    return {
        **record,
        "energy_kwh": training.energy_kwh.tolist(),
        "inference_energy_kwh": inference.energy_kwh,
        "meter": {
            "kind": "estimated",
            "name": "static + arithmetic + memory",
            "model": SERVER_CORE.name,
            "coefficients": {name: part.central for name, part in coefficients.items()},
            "low_over_central": float(training.low_kwh.sum()) / total_kwh,
            "high_over_central": float(training.high_kwh.sum()) / total_kwh,
        },
    }


def _check(record: Record) -> None:
    """What a record may lack in general, but not to have its energy estimated."""
    needed = ("train_cpu_s", "inference_cpu_s", "complexity")
    if missing := [name for name in needed if getattr(record, name) is None]:
        raise ValueError(f"a record must have {' and '.join(missing)} to estimate its energy.")


def training_estimate(record: Mapping[str, Any]) -> Estimate[NDArray[np.float64]]:
    """Energy of each epoch of a record, in its parts and with its bounds."""
    size = record["complexity"]
    steps_bytes = (
        BYTES_PER_NUMBER * TRANSFERS_PER_PARAMETER * (N_IMAGES / BATCH_SIZE) * size["params"]
    )
    cpu_s = np.array(record["train_cpu_s"])
    multiply_adds, passes_bytes = _forward(size)
    return estimate_energy(
        cpu_s=cpu_s,
        multiply_adds=np.full_like(cpu_s, TRAINING_PASSES * multiply_adds),
        bytes_moved=np.full_like(cpu_s, TRAINING_PASSES * passes_bytes + steps_bytes),
    )


def _inference_estimate(record: Mapping[str, Any]) -> Estimate[float]:
    multiply_adds, passes_bytes = _forward(record["complexity"])
    return estimate_energy(
        cpu_s=record["inference_cpu_s"], multiply_adds=multiply_adds, bytes_moved=passes_bytes
    )


def _forward(size: Mapping[str, int]) -> tuple[float, float]:
    """Multiply-adds and bytes moved by a forward pass of all images."""
    moved = BYTES_PER_NUMBER * TRANSFERS_PER_ACTIVATION * N_IMAGES * size["activations"]
    return float(N_IMAGES * size["flops"]), float(moved)
