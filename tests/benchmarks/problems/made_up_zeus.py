"""Made-up tables in the form of the Zeus traces: a handful of rows that look nothing like them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.problems.zeus_v100 import POWER_FILE, TRAIN_FILE

BATCH_SIZES = (16, 64)
POWER_LIMITS_W = (100, 150, 250)
EPOCHS_OF_TARGETS = {16: (1, 2, 4, None), 64: (2, 2, 6, 8)}
"""First epoch at which each target is reached; the small batches never reach the last one."""
TARGETS = {"cifar100": (0.1, 0.2, 0.5, 0.8), "librispeech": (90, 80, 50, 30), "squad": (10, 20, 50)}


def seconds(batch_size: int, power_limit_w: int) -> float:
    """Per epoch: shorter with more power."""
    return 10.0 + 200.0 / batch_size + 1000.0 / power_limit_w


def watts(batch_size: int, power_limit_w: int) -> float:
    """Higher with more power, and by more than the time is shorter."""
    return 0.8 * power_limit_w + batch_size / 16.0


def write_tables(folder: Path) -> Path:
    """Write both files into a folder, which is made; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / POWER_FILE,
        "dataset network batch_size optimizer power_limit time_per_epoch average_power",
        (
            (name, "net", size, optimizer, limit, seconds(size, limit) + longer, watts(size, limit))
            for name in TARGETS
            for size in BATCH_SIZES
            for limit in POWER_LIMITS_W
            for optimizer, longer in (("adadelta", 0.0), ("unused", 7.0))
        ),
    )
    _write(
        folder / TRAIN_FILE,
        "dataset network batch_size optimizer learning_rate run target_metric target_epoch",
        (
            (name, "net", size, "adadelta", "1e-1", run, target, _later(epoch, run))
            for name, targets in TARGETS.items()
            for size in BATCH_SIZES
            for run in (1, 2)
            for target, epoch in zip(targets, EPOCHS_OF_TARGETS[size], strict=False)
        ),
    )
    return folder


def _later(epoch: int | None, run: int) -> int | str:
    return "" if epoch is None else epoch + run - 1


def _write(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header.split(), *rows])
