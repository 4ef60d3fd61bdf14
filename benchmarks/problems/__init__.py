"""The problems of the comparison: every file of this folder is one, and nothing else lists them.

The file ``fashion_nano.py`` is the problem ``fashion-nano``. It defines ``load(source)``, which
returns a benchmark (:class:`~benchmarks.harness_bench.Bench`); ``source`` is a folder of the user's
or None. A folder that ``surrogate.load`` can read (imported checkpoints) is a problem, too.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness_bench import Bench


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem by name; small, so that it can be sent to a worker, which loads it.

    Args:
        name: A file of this folder (dashes for underscores), or the path of a benchmark's folder.
        source: Folder of the user's that the problem reads, if it does.
    """

    name: str
    source: Path | None = None

    def load(self) -> Bench:
        """The benchmark."""
        if self.name in problem_names():
            module = importlib.import_module(f"{__name__}.{self.name.replace('-', '_')}")
            bench: Bench = module.load(self.source)
            return bench
        import surrogate

        loaded: Bench = surrogate.load(self.name)
        return loaded


def problem_names() -> list[str]:
    """All problems, sorted, without importing them."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def get_problem(name: str, source: Path | None = None) -> Problem:
    """The problem of that name, or that of a benchmark's folder.

    Raises:
        ValueError: If there is neither.
    """
    known = problem_names()
    if name not in known and not (Path(name) / "provenance.json").is_file():
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"task must be one of {', '.join(known)}, or a folder made by `eahas import-official`, "
            f"but got {name!r}.{hint}"
        )
    return Problem(name, source)
