"""Finding a benchmark by its name or folder."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from surrogate.folder import DATA, PROVENANCE, read_provenance, read_verified
from surrogate.space.tasks import TASKS, get_space

RECORDS = "records.jsonl.gz"
TABLE_SUFFIX = "-table"
TASK_NAMES = (*TASKS, f"fashion-nano{TABLE_SUFFIX}", f"fashion-nano-gpu{TABLE_SUFFIX}")
"""Everything that :func:`load` knows by name."""


def load(name: str | Path, *, constrained: bool = False) -> Any:
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
        A benchmark with ``space``, ``query``, ``query_many`` and ``provenance``; tables have
        ``records``, too.

    Raises:
        ValueError: If there is no such task or folder, or a file in it is missing or damaged.
    """
    bench = _load(name)
    if not constrained:
        return bench
    from surrogate.space.constraint import ConstrainedBenchmark

    return ConstrainedBenchmark(bench)


def _load(name: str | Path) -> Any:
    if name in TASK_NAMES:
        task = str(name).removesuffix(TABLE_SUFFIX)
        folder = DATA / task
        if not (folder / PROVENANCE).is_file():
            raise ValueError(
                f"the data of task {task!r} are not part of this installation ({folder} is "
                "missing). Install a released version, or make the folder in a clone with: "
                f"python -m benchmarks fit --task {task} --records FILE --out {folder}"
            )
        return _table(folder, task) if task != name else _read(folder)
    folder = Path(name)
    if not (folder / PROVENANCE).is_file():
        near = difflib.get_close_matches(str(name), TASK_NAMES, n=1)
        raise ValueError(
            f"task must be one of {', '.join(TASK_NAMES)}, or a folder with a {PROVENANCE}, but "
            f"got {str(name)!r}." + (f" Did you mean {near[0]!r}?" if near else "")
        )
    return _read(folder)


def _read(folder: Path) -> Any:
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


def _table(folder: Path, task: str) -> Any:
    from surrogate.record_files import parse_records
    from surrogate.table import TableBenchmark

    read_verified(folder, PROVENANCE)
    raw = read_verified(folder, RECORDS)
    return TableBenchmark(
        get_space(task),
        lambda: parse_records(raw, folder / RECORDS).records,  # a tenth of a second
        provenance={**read_provenance(folder), "format": "table"},
    )
