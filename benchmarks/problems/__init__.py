"""The problems of the comparison: every file of this folder is one, and nothing else lists them.

The file ``fashion_nano.py`` is the problem ``fashion-nano``. It defines ``load(source)``, which
returns a benchmark (:class:`~benchmarks.harness.bench.Bench`); ``source`` is a folder of the user's
or None. A folder that ``surrogate.load`` can read (imported checkpoints) is a problem, too.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.bench import Bench
from benchmarks.registry import did_you_mean, file_names


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

    def load(self) -> Bench:
        """The benchmark."""
        bench: Bench
        if self.folder is None:
            module = importlib.import_module(f"{__name__}.{self.name.replace('-', '_')}")
            bench = module.load(self.source)
        else:
            import surrogate

            bench = surrogate.load(self.folder)
        return bench


def problem_names() -> list[str]:
    """All problems, sorted, without importing them."""
    return file_names(Path(__file__).parent)


def get_problem(name: str, source: Path | None = None) -> Problem:
    """The problem of that name, or that of a benchmark's folder.

    Raises:
        ValueError: If there is neither.
    """
    known = problem_names()
    if name in known:
        return Problem(name, source)
    if (Path(name) / "provenance.json").is_file():
        return Problem(Path(name).resolve().name, folder=Path(name).resolve())
    raise ValueError(
        f"task must be one of {', '.join(known)}, or a folder made by `eahas import-official`, "
        f"but got {name!r}.{did_you_mean(name, known)}"
    )
