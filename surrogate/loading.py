"""Finding a benchmark by its name or folder."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Literal, overload

from surrogate.benchmark import Benchmark
from surrogate.folder import DATA, PROVENANCE, read_provenance, read_verified
from surrogate.space.constraint import ConstrainedBenchmark
from surrogate.space.definitions import TASKS
from surrogate.space.tasks import get_space
from surrogate.table import TableBenchmark

RECORDS = "records.jsonl.gz"
TABLE_SUFFIX = "-table"
TASK_NAMES = (*TASKS, *(f"{name}{TABLE_SUFFIX}" for name, task in TASKS.items() if task.has_table))
"""Everything that :func:`load` knows by name."""


@overload
def load(name: str | Path, *, constrained: Literal[False] = False) -> Benchmark: ...


@overload
def load(name: str | Path, *, constrained: Literal[True]) -> ConstrainedBenchmark[Benchmark]: ...


@overload
def load(name: str | Path, *, constrained: bool) -> Benchmark: ...


def load(name: str | Path, *, constrained: bool = False) -> Benchmark:
    """Load a benchmark.

    Example:
        >>> bench = load("fashion-nano")
        >>> run = bench.query(bench.space.get_default_configuration())
        >>> len(run.val_accuracy) == len(run.energy_kwh) == 20
        True

    Args:
        name: ``"fashion-nano"``, ``"fashion-nano-table"``, ``"cifar10"``, ``"tinyimagenet"``, or a
            folder that ``eahas import-official`` or ``python -m benchmarks fit`` wrote.
            ``"fashion-nano-gpu"`` (and its ``-table``) is known but not shipped.
        constrained: Refuse networks that upstream's collection rejected (``cifar10`` and
            ``tinyimagenet``).

    Returns:
        A benchmark with ``space``, ``query``, ``query_many`` and ``provenance``; constrained ones
        have ``sample``, ``is_allowed`` and ``violation``, too. See :func:`load_table` for the rows
        of a table.

    Raises:
        ValueError: If there is no such task or folder, or a file in it is missing or damaged.
    """
    bench = _load(name)
    return ConstrainedBenchmark(bench) if constrained else bench


def load_table(task: str) -> TableBenchmark:
    """The recorded trainings of a task, as ``load(f"{task}-table")`` with its ``records``.

    Example:
        >>> len(load_table("fashion-nano").records)
        1000

    Args:
        task: ``"fashion-nano"`` or ``"fashion-nano-gpu"``.

    Raises:
        ValueError: If the task has no table, or a file is missing or damaged.
    """
    name = f"{task}{TABLE_SUFFIX}"
    if name not in TASK_NAMES:
        known = ", ".join(name for name, one in TASKS.items() if one.has_table)
        raise ValueError(f"task must be one of {known} to have a table but got {task!r}.")
    return _table(_shipped(task), task)


def _load(name: str | Path) -> Benchmark:
    if name in TASK_NAMES:
        task = str(name).removesuffix(TABLE_SUFFIX)
        folder = _shipped(task)
        return _table(folder, task) if task != name else _read(folder)
    folder = Path(name)
    if not (folder / PROVENANCE).is_file():
        near = difflib.get_close_matches(str(name), TASK_NAMES, n=1)
        raise ValueError(
            f"task must be one of {', '.join(TASK_NAMES)}, or a folder with a {PROVENANCE}, but "
            f"got {str(name)!r}." + (f" Did you mean {near[0]!r}?" if near else "")
        )
    return _read(folder)


def _shipped(task: str) -> Path:
    folder = DATA / task
    if not (folder / PROVENANCE).is_file():
        raise ValueError(
            f"the data of task {task!r} are not part of this installation ({folder} is "
            "missing). Install a released version, or make the folder in a clone with: "
            f"python -m benchmarks fit --task {task} --records FILE --out {folder}"
        )
    return folder


def _read(folder: Path) -> Benchmark:
    kind = read_provenance(folder)["format"]
    if kind == "official":
        from surrogate.official import load_folder

        return load_folder(folder)
    from surrogate.models.benchmark import FORMAT

    if kind == FORMAT:
        from surrogate.models.archive import read_model

        return read_model(folder)
    raise ValueError(
        f'{folder / PROVENANCE}: format must be "{FORMAT}" or "official" but is {kind!r}: '
        "upgrade with pip install -U eahas-plugins."
    )


def _table(folder: Path, task: str) -> TableBenchmark:
    from surrogate.record_files import parse_records

    raw = read_verified(folder, RECORDS)
    return TableBenchmark(
        get_space(task),
        lambda: parse_records(raw, folder / RECORDS).records,  # a tenth of a second
        provenance={**read_provenance(folder), "format": "table"},
    )
