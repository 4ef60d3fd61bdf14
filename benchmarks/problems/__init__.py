"""The problems of the comparison: every file of this folder is one, and nothing else lists them.

The file ``fashion_nano.py`` is the problem ``fashion-nano``. It defines

``FIDELITIES``
    What a cheaper training may be there: ``"schedule"``, a complete shorter schedule, whose length
    is the hyperparameter ``max_epoch``; ``"cut"``, the same training stopped early; ``"continue"``,
    one that pauses and goes on for the difference.
``load(source)``
    Returns a benchmark (:class:`surrogate.Benchmark`), or trainings that are run
    (:class:`benchmarks.harness.live.LiveTask`); ``source`` is a folder of the user's or None.

and, where it is so,

``NEEDS_SOURCE``
    True if it reads that folder.
``COUNTS_FULL``
    False if ``--budget-trainings`` counts mean trainings over all schedules, as in the paper's
    comparison; else these have the longest schedule.
``PLAIN_IN_FULL``
    True if the length of a training is a fidelity and no hyperparameter: methods that do not know
    it as one train with the longest schedule.
``METRIC``, ``DIRECTION``
    What trainings that are run are judged by, and whether it is maximised or minimised.

A file of the user's that defines the same is a problem, too, by its path; and so is a folder that
``surrogate.load`` can read (imported checkpoints, what ``fit`` wrote).
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import surrogate
from benchmarks.harness.live import LiveTask
from benchmarks.registry import constants_of, did_you_mean, file_names, function_of, read_constants
from surrogate import Benchmark

_FOLDER = Path(__file__).parent
FIDELITIES = ("schedule", "cut", "continue")
"""All that a problem may declare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a problem's file says of it; the names above in lower case."""

    name: str
    description: str
    fidelities: tuple[str, ...]
    needs_source: bool
    counts_full: bool
    plain_in_full: bool
    metric: str
    direction: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem by name; small, so that it can be sent to a worker, which loads it.

    Args:
        name: A file of this folder (dashes for underscores), or the name of a benchmark's folder
            or of a file elsewhere.
        source: Folder of the user's that the problem reads, if it does.
        folder: The benchmark's folder, where the problem is one.
        file: A problem's file of the user's.
        counts_full: Whether a budget in trainings counts those with the longest schedule.
        plain_in_full: Whether methods that know no shorter trainings have full ones.
        part: Which task of the folder it is, where it holds several.
    """

    name: str
    source: Path | None = None
    folder: Path | None = None
    file: Path | None = None
    counts_full: bool = True
    plain_in_full: bool = False
    part: str = ""

    @property
    def title(self) -> str:
        """Name of a folder of its own."""
        return f"{self.name}-{self.part}" if self.part else self.name

    def load(self) -> Benchmark | LiveTask:
        """The benchmark, or what is trained.

        Raises:
            ValueError: If the problem's file has no function ``load``.
        """
        if self.folder is not None:
            return surrogate.load(self.folder)
        if self.file is not None:
            module = _imported(self.file)
        else:
            module = importlib.import_module(f"{__name__}.{self.name.replace('-', '_')}")
        load = function_of(module, "load", of=f"problem {self.name!r}")
        bench: Benchmark | LiveTask = load(self.source)
        return bench


def problem_names() -> list[str]:
    """All problems, sorted, without importing them."""
    return file_names(_FOLDER)


@cache
def all_declared() -> dict[str, Declaration]:
    """What every problem says of itself, by name, without importing them.

    Raises:
        ValueError: If a file lacks a constant.
    """
    return {name: _declared(name, read_constants(_FOLDER, name)) for name in problem_names()}


def _declared(name: str, said: Mapping[str, Any]) -> Declaration:
    if "FIDELITIES" not in said:
        raise ValueError(f"the file of problem {name!r} must define FIDELITIES.")
    return Declaration(
        name=name,
        description=said["__doc__"].partition("\n")[0],
        fidelities=said["FIDELITIES"],
        needs_source=said.get("NEEDS_SOURCE", False),
        counts_full=said.get("COUNTS_FULL", True),
        plain_in_full=said.get("PLAIN_IN_FULL", False),
        metric=said.get("METRIC", "accuracy"),
        direction=said.get("DIRECTION", "maximize"),
    )


def get_problem(name: str, source: Path | None = None) -> Problem:
    """The problem of that name, or that of a benchmark's folder or of a file.

    Args:
        name: Its name; ``NAME/PART`` is a part of the folder, as in ``yahpo-lcbench/3945``.
        source: Folder of the user's that the problem reads; left out of one that reads none, as
            one comparison may have problems of both kinds.

    Raises:
        ValueError: If there is none, or the problem needs a source and has none.
    """
    known, path = problem_names(), Path(name)
    task, _, part = name.partition("/")
    if part and task in known and all_declared()[task].needs_source:
        name, source = task, None if source is None else source / part
    else:
        part = ""
    if name not in known and (path / "provenance.json").is_file():
        return Problem(path.resolve().name, folder=path.resolve())
    is_file = path.suffix == ".py" and path.is_file()
    if not (name in known or is_file):
        raise ValueError(
            f"task must be one of {', '.join(known)}, the file of a problem, or a folder made by "
            f"`eahas import-official`, but got {name!r}.{did_you_mean(name, known)}"
        )
    file = path.resolve() if is_file else None
    said = _declared(name, constants_of(file)) if file else all_declared()[name]
    if said.needs_source and source is None:
        raise ValueError(f"{name} needs a folder of yours: give it with --source.")
    return Problem(
        file.stem.replace("_", "-") if file else name,
        source if said.needs_source or file else None,
        file=file,
        counts_full=said.counts_full,
        plain_in_full=said.plain_in_full,
        part=part,
    )


def _imported(file: Path) -> ModuleType:
    name = f"problem_{file.stem.replace('-', '_')}"  # beside a module of the same name
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None  # it is a Python file that exists
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
