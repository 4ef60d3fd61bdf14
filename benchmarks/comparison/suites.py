"""Comparisons with a name: the small one that is run with the tests, and the whole one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benchmarks.methods import all_declared
from benchmarks.registry import did_you_mean

DEFAULT_TASK = "fashion-nano"
DEFAULT_SEEDS = 5
DEFAULT_TRAININGS = 40.0


def check_positive(name: str, value: float) -> None:
    """Refuse zero, negative, infinite and NaN.

    Raises:
        ValueError: If the value is one of them.
    """
    if not 0.0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite but got {value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a comparison covers.

    Args:
        tasks: Names of problems.
        methods: Names of methods, each once.
        seeds: Studies per method. At least 1.
        budget_trainings: Energy per study in mean complete trainings. Positive.

    Raises:
        ValueError: If something is out of range (NaN included).
    """

    tasks: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: int
    budget_trainings: float

    def __post_init__(self) -> None:
        if not self.tasks or not self.methods:
            raise ValueError("tasks and methods must not be empty.")
        for name in self.methods:
            if self.methods.count(name) > 1:
                raise ValueError(f"methods must each be given once but {name!r} is repeated.")
        if not self.seeds >= 1:
            raise ValueError(f"seeds must be at least 1 but got {self.seeds}.")
        check_positive("budget-trainings", self.budget_trainings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A comparison with a name, but for its methods: their files say which suites they are in.

    Args:
        tasks: Names of problems.
        seeds: Studies per method.
        budget_trainings: Energy per study in mean complete trainings.
    """

    tasks: tuple[str, ...]
    seeds: int
    budget_trainings: float


_PAPER = Suite(
    tasks=(DEFAULT_TASK, "cifar10", "tinyimagenet"), seeds=100, budget_trainings=DEFAULT_TRAININGS
)

LCBENCH = "yahpo-lcbench-schedules"
LCBENCH_DESIGN = ("3945", "7593", "126025", "167152", "167161", "167181", "167190", "168329")
"""Tasks on which methods of ours were designed: drawn from the 26 free ones, in rising order, by
NumPy's ``default_rng(2026).choice(free, 8, replace=False)``. Only the tables of earlier studies, of
many workers and of trainings that go on show them, and say so."""
LCBENCH_FREE = (
    *("34539", "126026", "126029", "146212", "167104", "167168", "167184", "167185", "167200"),
    *("168331", "168335", "168908", "189354", "189862", "189865", "189866", "189873", "189909"),
)
"""The other free ones, on which nothing was tuned."""
LCBENCH_RESERVED = (
    *("167149", "167201", "168330", "168868", "168910", "189905", "189906", "189908"),
)
"""Tasks for the very end, when nothing is changed any more."""
_LIVE = ("live-boosting", "live-characters", "live-digits")

_FOREIGN = Suite(
    tasks=(*(f"{LCBENCH}/{number}" for number in LCBENCH_FREE), *_LIVE),
    seeds=30,
    budget_trainings=30.0,
)

# One suite for each environment that the packages need; all of them fill the same folder.
SUITES = {
    "smoke": Suite(tasks=(DEFAULT_TASK,), seeds=2, budget_trainings=6.0),
    "paper": _PAPER,
    "paper-hosts": _PAPER,
    "paper-peers": _PAPER,
    "foreign": _FOREIGN,
    "fronts": Suite(
        tasks=tuple(
            f"{task}-{energy}" for task in _PAPER.tasks for energy in ("inference", "training")
        ),
        seeds=30,
        budget_trainings=DEFAULT_TRAININGS,
    ),
}
_DEFAULT = Suite(tasks=(DEFAULT_TASK,), seeds=DEFAULT_SEEDS, budget_trainings=DEFAULT_TRAININGS)
DEFAULT_METHODS_OF = "smoke"
"""The suite whose methods are compared where none are named."""


def methods_of(suite: str) -> tuple[str, ...]:
    """The methods of a suite: plain ones first, ablations last, each group by name."""
    members = [said for said in all_declared().values() if suite in said.suites]
    members.sort(key=lambda said: (said.ablation_of is not None, said.energy_aware, said.name))
    return tuple(said.name for said in members)


def make_plan(
    suite: str | None,
    *,
    task: str | None,
    methods: str | None,
    seeds: int | None,
    budget_trainings: float | None,
) -> Plan:
    """The suite, or the defaults, with what the user gave in its place.

    Args:
        suite: Name of a suite or None.
        task: Name of one problem.
        methods: Names of methods, separated by commas.
        seeds: Studies per method.
        budget_trainings: Energy per study in mean complete trainings.

    Raises:
        ValueError: If there is no such suite, or a value is out of range.
    """
    if suite is not None and suite not in SUITES:
        raise ValueError(
            f"suite must be one of {', '.join(SUITES)} but got {suite!r}."
            f"{did_you_mean(suite, list(SUITES))}"
        )
    base = SUITES[suite] if suite is not None else _DEFAULT
    return Plan(
        tasks=base.tasks if task is None else (task,),
        methods=methods_of(suite or DEFAULT_METHODS_OF) if methods is None else _names(methods),
        seeds=base.seeds if seeds is None else seeds,
        budget_trainings=base.budget_trainings if budget_trainings is None else budget_trainings,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
