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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.bench import Bench
from surrogate.table import TableBenchmark

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
J_PER_KWH = 3.6e6


def load(source: Path | None) -> Bench:
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
    """Every training of a workload whose batch size has both time and curve."""
    if workload not in METRICS:
        raise ValueError(f"workload must be one of {', '.join(METRICS)} but got {workload!r}.")
    power = [row for row in _rows(folder / POWER_FILE) if row["dataset"] == workload]
    curves = dict(_curves(folder / TRAIN_FILE, workload))
    records = [
        _record(row, run, curve)
        for row in power
        for (batch_size, optimizer, run), curve in curves.items()
        if (batch_size, optimizer) == (row["batch_size"], row["optimizer"])
    ]
    provenance = {
        "kind": "measured",
        "data_set": f"Zeus, {workload} ({METRICS[workload][0]} of the validation set)",
        "energy": "measured",
        "meter": {"kind": "measured", "name": "NVML, average power"},
        "machine": "NVIDIA V100",
        "curves": "rebuilt from target epochs; test is the same as validation",
    }
    return TableBenchmark.from_records(records, provenance=provenance)


def _curves(path: Path, workload: str) -> Iterator[tuple[tuple[str, str, int], list[float]]]:
    """Batch size, optimiser, run; and the curve."""
    reached: dict[tuple[str, str, int], list[tuple[int, float]]] = {}
    name, scale = METRICS[workload]
    for row in _rows(path):
        if row["dataset"] != workload:
            continue
        key = (row["batch_size"], row["optimizer"], int(row["run"]))
        targets = reached.setdefault(key, [])
        if row["target_epoch"] not in ("", "nan"):
            value = float(row["target_metric"]) / scale
            value = 1.0 - value if name.startswith("1 -") else value
            targets.append((int(row["target_epoch"]), value))
    n_epochs = max(epoch for targets in reached.values() for epoch, _ in targets)
    for key, targets in reached.items():
        best: dict[int, float] = {0: 0.0}  # several targets may be reached in one epoch
        for epoch, value in sorted(targets):
            best[epoch] = max(value, max(best.values()))
        epochs = np.arange(1, n_epochs + 1)
        yield key, np.interp(epochs, list(best), list(best.values())).tolist()


def _record(row: dict[str, str], run: int, curve: list[float]) -> dict[str, Any]:
    seconds, watts = float(row["time_per_epoch"]), float(row["average_power"])
    return {
        "schema": 1,
        "task": f"zeus-v100-{row['dataset']}",
        "config": {
            "batch_size": int(row["batch_size"]),
            "power_limit_w": int(row["power_limit"]),
        },
        "seed": run,
        "val_accuracy": curve,
        "test_accuracy": curve,
        "train_wall_s": [seconds] * len(curve),
        "energy_kwh": [watts * seconds / J_PER_KWH] * len(curve),
    }


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise ValueError(f"{path} must be a file of the Zeus traces but there is none.")
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))
