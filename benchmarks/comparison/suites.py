"""Comparisons with a name: the small one that is run with the tests, and the whole one."""

from __future__ import annotations

import math
from dataclasses import dataclass

DEFAULT_TASK = "fashion-nano"
DEFAULT_METHODS = ("rs", "tpe", "bohb", "ea-bohb")
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


_OPTUNA_PLAIN = ("rs", "ls", "rea", "bananas", "hb", "bohb", "tpe", "tpe-median")
_OPTUNA_AWARE = ("ea-ls", "ea-rea", "ea-bananas", "ea-hb", "ea-tpe", "ea-bohb")
_ABLATIONS = (
    "ea-bohb-no-promotion",
    "ea-bohb-always-short",
    "ea-bohb-no-cooling",
    "ea-bohb-uniform-start",
    "ea-bohb-tpe",
    "ea-bohb-pruned",
)
_HOSTS = ("gp", "smac", "smac-mf", "ea-smac", "hpbandster-bohb", "ea-hpbandster-bohb")
_PEERS = ("flaml-blendsearch",)
_PAPER_TASKS = (DEFAULT_TASK, "cifar10", "tinyimagenet")
_PAPER_SEEDS = 100


def _paper(methods: tuple[str, ...]) -> Plan:
    """Methods with the tasks, seeds and budget of the paper's comparison."""
    return Plan(
        tasks=_PAPER_TASKS,
        methods=methods,
        seeds=_PAPER_SEEDS,
        budget_trainings=DEFAULT_TRAININGS,
    )


# One suite for each environment that the packages need; all of them fill the same folder.
SUITES = {
    "smoke": Plan(tasks=(DEFAULT_TASK,), methods=DEFAULT_METHODS, seeds=2, budget_trainings=6.0),
    "paper": _paper(_OPTUNA_PLAIN + _OPTUNA_AWARE + _ABLATIONS),
    "paper-hosts": _paper(_HOSTS),
    "paper-peers": _paper(_PEERS),
}


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
        raise ValueError(f"suite must be one of {', '.join(SUITES)} but got {suite!r}.")
    base = SUITES.get(suite or "") or Plan(
        tasks=(DEFAULT_TASK,),
        methods=DEFAULT_METHODS,
        seeds=DEFAULT_SEEDS,
        budget_trainings=DEFAULT_TRAININGS,
    )
    return Plan(
        tasks=base.tasks if task is None else (task,),
        methods=base.methods if methods is None else _names(methods),
        seeds=base.seeds if seeds is None else seeds,
        budget_trainings=base.budget_trainings if budget_trainings is None else budget_trainings,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
