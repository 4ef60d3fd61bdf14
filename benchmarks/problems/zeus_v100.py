"""Trainings measured on a V100 by the Zeus project: batch size x power limit (measured).

Zeus publishes, for six workloads, seconds per epoch and watts for each batch size and power limit,
and for each batch size and run the first epoch at which each target metric was reached. A curve is
rebuilt from the latter: straight lines from one reached target to the next, from zero before
the first epoch, level after the last target that was reached. The power limit changes time and
energy but not the curve. Every training is read as long as the longest of its workload.

References:
    You et al. (2023), Zeus: Understanding and Optimizing GPU Energy Consumption of DNN Training.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eahas_plugins.files import read_bytes
from eahas_plugins.units import J_PER_KWH
from surrogate import Benchmark
from surrogate.table import TableBenchmark

FIDELITIES = ("cut",)
NEEDS_SOURCE = True
POWER_FILE, TRAIN_FILE = "summary_power_v100.csv", "summary_train.csv"
METRICS = {
    "cifar100": ("accuracy", 1.0),
    "imagenet": ("accuracy", 1.0),
    "librispeech": ("1 - word error rate", 100.0),
    "movielens-1m": ("NDCG", 1.0),
    "sentiment140": ("accuracy", 1.0),
    "squad": ("F1", 100.0),
}
"""What stands for the accuracy of each workload, and what its targets are divided by."""
MAX_FILE_BYTES = 16 << 20
MAX_EPOCHS = 10_000
"""Longest curve; theirs have at most some hundreds of epochs."""
MAX_POINTS = 5_000_000
"""Epochs of all trainings together."""
_POWER_COLUMNS = (
    "dataset",
    "batch_size",
    "optimizer",
    "power_limit",
    "time_per_epoch",
    "average_power",
)
_TRAIN_COLUMNS = ("dataset", "batch_size", "optimizer", "run", "target_metric", "target_epoch")


def load(source: Path | None) -> Benchmark:
    """The table of one workload.

    Args:
        source: The folder of Zeus's two CSV files, for ``cifar100``; or that folder and the name
            of a workload, as in ``zeus/squad``.

    Raises:
        ValueError: If there are no such files or no such workload.
    """
    if source is None:
        raise ValueError(
            f"zeus-v100 needs the folder of {POWER_FILE} and {TRAIN_FILE} as its source."
        )
    if (source / POWER_FILE).is_file():
        return read_table(source, "cifar100")
    return read_table(source.parent, source.name)


def read_table(folder: Path, workload: str) -> TableBenchmark:
    """Every training of a workload whose batch size has both time and curve.

    Raises:
        ValueError: If there is no such workload or file, or a file is not one of Zeus's.
    """
    if workload not in METRICS:
        raise ValueError(f"workload must be one of {', '.join(METRICS)} but got {workload!r}.")
    path = folder / POWER_FILE
    power = [row for row in _rows(path, _POWER_COLUMNS) if row.cells["dataset"] == workload]
    curves = _curves(folder / TRAIN_FILE, workload)
    pairs = [
        (row, run, curve)
        for row in power
        for (batch_size, optimizer, run), curve in curves.items()
        if (batch_size, optimizer) == (row.cells["batch_size"], row.cells["optimizer"])
    ]
    if not pairs:
        raise ValueError(f"{path} and {TRAIN_FILE} must share trainings of {workload!r}.")
    if (n_points := sum(len(curve) for _, _, curve in pairs)) > MAX_POINTS:
        raise ValueError(
            f"{path} and {TRAIN_FILE} must have at most {MAX_POINTS} epochs of {workload!r} in all "
            f"but have {n_points}."
        )
    provenance = {
        "kind": "measured",
        "problem": f"zeus-v100-{workload}",
        "data_set": f"Zeus, {workload} ({METRICS[workload][0]} of the validation set)",
        "energy": "measured",
        "meter": {"kind": "measured", "name": "NVML, average power"},
        "machine": "NVIDIA V100",
        "curves": "rebuilt from target epochs; test is the same as validation",
    }
    records = [_record(*pair) for pair in pairs]
    return TableBenchmark.from_records(records, provenance=provenance)


def _curves(path: Path, workload: str) -> dict[tuple[str, str, int], list[float]]:
    """The curve of each batch size, optimiser and run."""
    reached: dict[tuple[str, str, int], list[tuple[int, float]]] = {}
    name, scale = METRICS[workload]
    for row in _rows(path, _TRAIN_COLUMNS):
        cells = row.cells
        if cells["dataset"] != workload:
            continue
        key = (cells["batch_size"], cells["optimizer"], row.whole("run", 0, 2**31))
        targets = reached.setdefault(key, [])
        if cells["target_epoch"] not in ("", "nan"):
            value = row.number("target_metric", 0.0, scale) / scale
            value = 1.0 - value if name.startswith("1 -") else value
            targets.append((row.whole("target_epoch", 1, MAX_EPOCHS), value))
    n_epochs = max((epoch for targets in reached.values() for epoch, _ in targets), default=0)
    if not n_epochs:
        raise ValueError(
            f"{path} must have a target of {workload!r} that was reached but has none."
        )
    curves = {}
    for key, targets in reached.items():
        best: dict[int, float] = {0: 0.0}  # several targets may be reached in one epoch
        for epoch, value in sorted(targets):
            best[epoch] = max(value, max(best.values()))
        epochs = np.arange(1, n_epochs + 1)
        curves[key] = np.interp(epochs, list(best), list(best.values())).tolist()
    return curves


def _record(row: _Row, run: int, curve: list[float]) -> dict[str, Any]:
    seconds, watts = row.number("time_per_epoch", 0.0), row.number("average_power", 0.0)
    return {
        "schema": 1,
        "task": f"zeus-v100-{row.cells['dataset']}",
        "config": {
            "batch_size": row.whole("batch_size", 1, 2**31),
            "power_limit_w": row.whole("power_limit", 1, 2**31),
        },
        "seed": run,
        "val_accuracy": curve,
        "test_accuracy": curve,
        "train_wall_s": [seconds] * len(curve),
        "energy_kwh": [watts * seconds / J_PER_KWH] * len(curve),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row of a table: its cells by column, and where it stands."""

    cells: Mapping[str, str]
    where: str

    def whole(self, column: str, low: int, high: int) -> int:
        """A whole number within bounds.

        Raises:
            ValueError: If it is none.
        """
        text = self.cells[column]
        value = int(text) if len(text) <= 20 and text.strip().lstrip("+-").isdecimal() else None
        if value is None or not low <= value <= high:
            raise ValueError(
                f"{self.where}: {column} must be a whole number from {low} to {high} but is "
                f"{text!r:.40}."
            )
        return value

    def number(self, column: str, low: float, high: float = math.inf) -> float:
        """A finite number above the one bound, or equal to it, and not above the other.

        Raises:
            ValueError: If it is none.
        """
        text = self.cells[column]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (low <= value <= high and value < math.inf):
            raise ValueError(
                f"{self.where}: {column} must be a finite number from {low:g} to {high:g} but is "
                f"{text!r:.40}."
            )
        return value


def _rows(path: Path, columns: Sequence[str]) -> list[_Row]:
    try:
        text = read_bytes(path, limit=MAX_FILE_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"{path} must be a file of the Zeus traces but there is none.") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be a table in UTF-8 but is not: {error}.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restval=None)
    found = []
    try:
        if missing := set(columns) - set(reader.fieldnames or ()):
            raise ValueError(f"{path} must have the columns {', '.join(sorted(missing))}.")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise ValueError(f"{where} must have {len(reader.fieldnames or ())} cells.")
            found.append(_Row(cells=row, where=where))
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num} must be a row: {error}.") from None
    return found
