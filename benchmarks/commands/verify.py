"""Train recorded runs again and show that they come out the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.commands.options import DATA_OPTION
from eahas_plugins.terminal import fail, print_table

ACCURACY_TOLERANCE = 0.03
"""Allowed difference of the best validation accuracy. On one kind of processor it is 0; on another,
rounding differs, and training amplifies it to about the difference between two seeds."""


def verify(
    task: Annotated[
        str, typer.Option(help="A measured task: fashion-nano or fashion-nano-gpu.")
    ] = "fashion-nano",
    runs: Annotated[int, typer.Option(help="How many recorded runs, chosen at random.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed of the choice.")] = 0,
    data: Annotated[Path | None, DATA_OPTION] = None,
) -> None:
    """Train random recorded runs of TASK again and compare; exit code 1 if one differs.

    Tolerance: 3 points between the best validation accuracies. Times and energies are shown beside
    each other; they depend on the machine. Runs on a GPU need one.

    Raises:
        ValueError: If an option is out of range, or the data are missing.
        Exit: With code 1, if a run comes out otherwise.
    """
    from surrogate.loading import load_table

    if not runs >= 1:
        raise ValueError(f"runs must be at least 1 but got {runs}.")
    rows = load_table(task).records
    chosen = np.random.default_rng(seed).choice(len(rows), size=min(runs, len(rows)), replace=False)
    on_gpu = rows[0].record.on_gpu
    unit = "kWh" if on_gpu else "CPU s"
    cells = []
    n_different = 0
    with _trainer(task, on_gpu=on_gpu, data=data) as train:
        for row in (rows[i] for i in chosen):
            again = train(row.config, seed=row.seed)
            recorded = np.asarray(row.val_accuracy)
            repeated = np.asarray(again["val_accuracy"])
            n_different += abs(recorded.max() - repeated.max()) > ACCURACY_TOLERANCE
            cells.append(_cells(row, recorded, repeated, again))
    columns = ("run", "epochs", "recorded", "again", "largest difference", unit, f"{unit} again")
    print_table(columns, cells)
    if n_different:
        raise fail(f"{n_different} of {len(chosen)} runs differ by over {ACCURACY_TOLERANCE}")


@contextmanager
def _trainer(
    task: str, *, on_gpu: bool, data: Path | None
) -> Iterator[Callable[..., dict[str, Any]]]:
    import torch

    from benchmarks.collection.training.data import load_splits
    from benchmarks.collection.training.gpu import only_user_of_gpu
    from benchmarks.collection.training.train import train
    from benchmarks.commands.collect import WINDOWS
    from surrogate.space.tasks import get_task

    fixed: dict[str, Any] = {"splits": load_splits(data), "trunk": get_task(task).trunk}
    if on_gpu:
        with only_user_of_gpu() as gpu:
            yield partial(gpu.train, n_windows=WINDOWS, **fixed)
    else:
        torch.set_num_threads(1)
        yield partial(train, **fixed)


def _cells(row: Any, recorded: Any, repeated: Any, again: dict[str, Any]) -> list[str]:
    if "energy_kwh" in again:
        costs = [f"{row.energy_kwh[-1]:.3g}", f"{sum(again['energy_kwh']):.3g}"]
    else:
        costs = [f"{row.runtime_s[-1]:.1f}", f"{sum(again['train_cpu_s']):.1f}"]
    return [
        str(row.record.run),
        str(len(recorded)),
        f"{recorded.max():.4f}",
        f"{repeated.max():.4f}",
        f"{np.abs(recorded - repeated).max():.4f}",
        *costs,
    ]
