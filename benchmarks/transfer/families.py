"""Tasks of which each is the new one in turn while the others have been searched before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.comparison.runner import Loadable
from benchmarks.comparison.suites import LCBENCH, LCBENCH_DESIGN
from benchmarks.problems import get_problem
from benchmarks.transfer.classifiers import NEW_TABLES, TABLES, ClassifierProblem


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Tasks of one kind.

    Args:
        name: What it is called.
        tasks: Names of its tasks, of each of which there is an earlier study.
        targets: Those that are searched anew.
        new: The task as a new study searches it.
        earlier: The task as an earlier study has searched it.
    """

    name: str
    tasks: tuple[str, ...]
    targets: tuple[str, ...]
    new: Callable[[str], Loadable]
    earlier: Callable[[str], Loadable]


def classifiers() -> Family:
    """Networks trained on tables; earlier studies have other spaces."""
    return Family(
        name="classifiers",
        tasks=TABLES,
        targets=NEW_TABLES,
        new=ClassifierProblem,
        earlier=lambda task: ClassifierProblem(task, earlier=True),
    )


def lcbench(source: Path) -> Family:
    """The design tasks of LCBench; all studies have one space.

    Args:
        source: Folder of YAHPO Gym's files.
    """

    def problem(task: str) -> Loadable:
        return get_problem(f"{LCBENCH}/{task}", source)

    return Family(
        name="lcbench",
        tasks=LCBENCH_DESIGN,
        targets=LCBENCH_DESIGN,
        new=problem,
        earlier=problem,
    )
