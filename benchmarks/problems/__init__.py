"""The problems of the comparison: every file of this folder is one, and nothing else lists them.

The file ``fashion_nano.py`` is the problem ``fashion-nano``. It defines

``FIDELITIES``
    What a cheaper training may be there: ``"schedule"``, a complete shorter schedule, whose length
    is the hyperparameter ``max_epoch``; ``"cut"``, the same training stopped early; ``"continue"``,
    one that pauses and goes on for the difference.
``NEEDS_SOURCE``
    True if it reads a folder of the user's; may be left out.
``load(source)``
    Returns a benchmark (:class:`surrogate.Benchmark`); ``source`` is that folder or
    None.

A folder that ``surrogate.load`` can read (imported checkpoints, what ``fit`` wrote) is a problem,
too.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import surrogate
from benchmarks.registry import did_you_mean, file_names, read_constants
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


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem by name; small, so that it can be sent to a worker, which loads it.

    Args:
        name: A file of this folder (dashes for underscores), or the name of a benchmark's folder.
        source: Folder of the user's that the problem reads, if it does.
        folder: The benchmark's folder, where the problem is one.
    """

    name: str
    source: Path | None = None
    folder: Path | None = None

    def load(self) -> Benchmark:
        """The benchmark."""
        if self.folder is not None:
            return surrogate.load(self.folder)
        module = importlib.import_module(f"{__name__}.{self.name.replace('-', '_')}")
        bench: Benchmark = module.load(self.source)
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
    found = {}
    for name in problem_names():
        said = read_constants(_FOLDER, name)
        if "FIDELITIES" not in said:
            raise ValueError(f"the file of problem {name!r} must define FIDELITIES.")
        found[name] = Declaration(
            name=name,
            description=said["__doc__"].partition("\n")[0],
            fidelities=said["FIDELITIES"],
            needs_source=said.get("NEEDS_SOURCE", False),
        )
    return found


def get_problem(name: str, source: Path | None = None) -> Problem:
    """The problem of that name, or that of a benchmark's folder.

    Raises:
        ValueError: If there is neither, or the problem needs a source and has none.
    """
    known = problem_names()
    if name in known:
        if all_declared()[name].needs_source and source is None:
            raise ValueError(f"{name} needs a folder of yours: give it with --source.")
        return Problem(name, source)
    if (Path(name) / "provenance.json").is_file():
        return Problem(Path(name).resolve().name, folder=Path(name).resolve())
    raise ValueError(
        f"task must be one of {', '.join(known)}, or a folder made by `eahas import-official`, "
        f"but got {name!r}.{did_you_mean(name, known)}"
    )
