"""Finding a benchmark by its name or folder."""

from __future__ import annotations

import difflib
from functools import partial
from pathlib import Path
from typing import Literal, get_args, overload

from eahas_plugins.files import path_argument
from surrogate.arguments import shortened
from surrogate.benchmark import Benchmark
from surrogate.cost_files import has_costs
from surrogate.folder import DATA, PROVENANCE, read_provenance, read_verified
from surrogate.records import Record
from surrogate.space.constraint import ConstrainedBenchmark
from surrogate.space.definitions import TASKS
from surrogate.space.tasks import get_space
from surrogate.table import TableBenchmark

RECORDS = "records.jsonl.gz"
TABLE_SUFFIX = "-table"
TASK_NAMES = (*TASKS, *(f"{name}{TABLE_SUFFIX}" for name, task in TASKS.items() if task.has_table))
"""Everything that :func:`load` knows by name."""


Costs = Literal["predicted", "simulated"]
"""Where energy and time come from, of a task whose trainings are simulated."""


@overload
def load(
    name: str | Path, *, constrained: Literal[False] = False, costs: Costs | None = None
) -> Benchmark: ...


@overload
def load(
    name: str | Path, *, constrained: Literal[True], costs: Costs | None = None
) -> ConstrainedBenchmark[Benchmark]: ...


@overload
def load(name: str | Path, *, constrained: bool, costs: Costs | None = None) -> Benchmark: ...


def load(name: str | Path, *, constrained: bool = False, costs: Costs | None = None) -> Benchmark:
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
        costs: Of ``cifar10`` and ``tinyimagenet``: ``"simulated"``, or ``"predicted"`` from steps
            measured on a GPU. By default predicted where such measurements are at hand
            (``python -m benchmarks fit --costs``), else simulated.

    Returns:
        A benchmark with ``space``, ``query``, ``query_many`` and ``provenance``; constrained ones
        have ``sample``, ``is_allowed`` and ``violation``, too. See :func:`load_table` for the rows
        of a table.

    Raises:
        ValueError: If there is no such task or folder, a file in it is missing or damaged, or the
            task has no such costs.
    """
    if not isinstance(constrained, bool):
        raise ValueError(f"constrained must be True or False but got {constrained!r}.")
    if costs not in (None, *get_args(Costs)):
        raise ValueError(f"costs must be one of {', '.join(get_args(Costs))} but got {costs!r}.")
    bench = _load(name, costs)
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


def _load(name: str | Path, costs: Costs | None) -> Benchmark:
    if name in TASK_NAMES:
        task = str(name).removesuffix(TABLE_SUFFIX)
        folder = _shipped(task)
        if task == name:
            return _read(folder, costs)
        if costs is not None:
            raise ValueError(f"{name} has what was recorded and no other costs: leave costs out.")
        return _table(folder, task)
    folder = path_argument("name", name)
    if not _is_model(folder):
        near = difflib.get_close_matches(str(name).lower(), TASK_NAMES, n=1)
        raise ValueError(
            f"task must be one of {', '.join(TASK_NAMES)}, or a folder with a {PROVENANCE}, but "
            f"got {shortened(str(name))}." + (f" Did you mean {near[0]!r}?" if near else "")
        )
    return _read(folder, costs)


def _is_model(folder: Path) -> bool:
    try:
        return (folder / PROVENANCE).is_file()
    except OSError:  # the name is too long, or what it is in may not be read
        return False


def _shipped(task: str) -> Path:
    folder = DATA / task
    if not (folder / PROVENANCE).is_file():
        raise ValueError(
            f"the data of task {task!r} are not part of this installation ({folder} is "
            "missing). All tasks but fashion-nano-gpu are shipped: install the package again, or "
            "collect trainings in a clone and make the folder with: "
            f"python -m benchmarks fit --task {task} --records FILE --out {folder}"
        )
    return folder


def _read(folder: Path, costs: Costs | None) -> Benchmark:
    provenance = read_provenance(folder)
    kind = provenance["format"]
    if costs is not None and provenance.get("kind") != "simulated":
        raise ValueError(f"{folder.name} has no simulated trainings to choose the costs of.")
    if kind == "official":
        from surrogate.official import load_folder

        return load_folder(folder)
    from surrogate.models.benchmark import FORMAT

    if kind == FORMAT:
        from surrogate.models.archive import read_model
        from surrogate.models.cost_archive import with_costs

        bench = read_model(folder)
        if costs == "simulated" or not has_costs(folder):
            if costs == "predicted":
                raise ValueError(_no_costs(bench.task))
            return bench
        return with_costs(bench, folder)
    raise ValueError(
        f'{folder / PROVENANCE}: format must be "{FORMAT}" or "official" but is {kind!r}: '
        "upgrade with pip install -U eahas-plugins."
    )


def _no_costs(task: str) -> str:
    return (
        f"the costs of {task} are simulated, as no measured steps are at hand: measure some with "
        f"'python -m benchmarks measure-steps --task {task} --device cuda --out DIR', then run "
        f"'python -m benchmarks fit --task {task} --costs DIR/rows.jsonl'."
    )


def _table(folder: Path, task: str) -> TableBenchmark:
    raw = read_verified(folder, RECORDS)
    return TableBenchmark(
        get_space(task),
        partial(_records, raw, folder / RECORDS),  # a tenth of a second
        provenance={**read_provenance(folder), "format": "table"},
    )


def _records(raw: bytes, path: Path) -> tuple[Record, ...]:
    from surrogate.record_files import parse_records

    return parse_records(raw, path).records
