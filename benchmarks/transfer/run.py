"""The studies of a family: plain ones, earlier ones, and new ones that begin with these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.comparison.run import recorded_reference
from benchmarks.comparison.runner import Loadable, make_header
from benchmarks.harness.bench import (
    Reference,
    SeededBench,
    find_reference,
    longest_schedule,
    plain_config,
)
from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.in_full import in_full
from benchmarks.harness.live import LiveTask
from benchmarks.harness.results import NAMES, Results, load
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import Row
from benchmarks.harness.study import Evaluation, RunMethod, Setting, incumbents, run_study
from benchmarks.methods import get_method
from benchmarks.transfer.classifiers import Classifiers
from benchmarks.transfer.conditions import CONDITIONS, Condition, given, study_of
from benchmarks.transfer.families import Family
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb
from eahas_plugins.terminal import tell
from eahas_plugins.transfer import EarlierStudy
from surrogate import Benchmark

PLAIN_PART = 1.0 / 3.0
"""Part of the budget that the plain method has."""
EARLIER_METHODS = ("rs", "tpe", "ea-bohb")
"""What earlier studies were made with, in turn."""
EARLIER_SEED = 2000
"""Seed of the first one."""
_N_DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResults:
    """What is recorded of a task.

    Args:
        task: Its name.
        new: The studies of all conditions.
        plain: Those of the plain method, which end at a third of the budget.
    """

    task: str
    new: Results
    plain: Results


def run_family(
    family: Family,
    out: Path,
    *,
    seeds: Sequence[int],
    budget_trainings: float,
    conditions: Sequence[Condition] = CONDITIONS,
    plain: str,
    incumbents_only: bool = False,
) -> list[TaskResults]:
    """Run what is missing and return all that is recorded.

    Args:
        family: The tasks.
        out: Where their folders are, or will be.
        seeds: Numbers of the new studies.
        budget_trainings: Energy per study, in mean full trainings.
        conditions: What they begin with.
        plain: The method that they are measured on.
        incumbents_only: Whether new studies have rows only of trials that were the best so far, and
            of their last, which is all that the table needs.

    Raises:
        RowsError: If a folder holds rows of other settings.
    """
    earlier: dict[str, EarlierStudy] = {}
    for number, task in enumerate(family.tasks):
        problem = family.earlier(task)
        with _Recorder(problem, out / "earlier" / task, budget_trainings) as file:
            method, seed = EARLIER_METHODS[number % len(EARLIER_METHODS)], EARLIER_SEED + number
            file.record(method, seed)
            earlier[task] = study_of(file.rows(method, seed), file.bench.space, task)
    found = []
    for task in family.targets:
        problem, folder = family.new(task), out / task
        others = [study for name, study in earlier.items() if name != task]
        third = budget_trainings * PLAIN_PART
        with _Recorder(problem, folder / "plain", third, incumbents_only) as file:
            for seed in seeds:
                file.record(plain, seed)
        with _Recorder(problem, folder, budget_trainings, incumbents_only) as file:
            for seed in seeds:
                for condition in conditions:
                    studies = given(others, condition, task=task, seed=seed)
                    file.record("ea-bohb", seed, name=condition.name, run=_beginning_with(studies))
        found.append(
            TaskResults(
                task=task, new=load(folder / NAMES[0]), plain=load(folder / "plain" / NAMES[0])
            )
        )
    return found


def _beginning_with(earlier: Sequence[EarlierStudy]) -> RunMethod:
    def run(setting: Setting) -> list[Evaluation]:
        sampler, pruner = ea_bohb(seed=setting.host_seed, earlier=earlier)
        return optimise(setting, sampler=sampler, pruner=pruner)

    return run


class _Recorder:
    """The rows of a task with one budget; what they hold is not run again."""

    def __init__(
        self,
        problem: Loadable,
        folder: Path,
        budget_trainings: float,
        incumbents_only: bool = False,
    ) -> None:
        loaded = problem.load()
        assert not isinstance(loaded, LiveTask)  # families have none
        self.bench = loaded
        self._path = folder / NAMES[0]
        reference = recorded_reference(self._path) or _reference(loaded)
        self._budget_kwh = budget_trainings * reference.mean_full_training_kwh
        self._incumbents_only = incumbents_only
        header = make_header(
            problem,
            loaded,
            reference,
            self._budget_kwh,
            counts_full=True,
            incumbents_only=incumbents_only,
        )
        folder.mkdir(parents=True, exist_ok=True)
        self._file = RowFile(self._path, header)
        self._finished = self._file.results.finished()
        self._label = f"{problem.name} {folder.name}"

    def __enter__(self) -> _Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def record(
        self, method: str, seed: int, *, name: str | None = None, run: RunMethod | None = None
    ) -> None:
        """Run a study, unless it is there: a method's, or ``run`` under another name."""
        said, name = get_method(method), name or method
        self._file.refuse_other_host(name, said.host)
        if (name, seed, 1) in self._finished:
            return
        tell(f"{self._label}: {name}, seed {seed}")
        task = in_full(self.bench) if said.in_full else self.bench
        assert not isinstance(task, LiveTask)
        setting = Setting(bench=SeededBench(task, seed), budget_kwh=self._budget_kwh, seed=seed)
        rows = run_study(
            run or said.run, setting, name=name, energy_aware=said.energy_aware, host=said.host
        )
        self._file.append(incumbents(rows, maximize=True) if self._incumbents_only else rows)
        self._finished.add((name, seed, 1))

    def rows(self, method: str, seed: int) -> list[Row]:
        """The rows of a study."""
        return [row for row in load(self._path).rows if row.study == (method, seed, 1)]


def _reference(bench: Benchmark) -> Reference:
    if not isinstance(bench, Classifiers):
        return find_reference(bench)
    # nothing is known of the best value there is; energies are, without any training
    space = bench.space
    space.seed(0)
    longest = longest_schedule(SeededBench(bench, 0))
    draws = [plain_config(config) for config in space.sample_configuration(_N_DRAWS)]
    mean_kwh = float(np.mean([bench.epoch_kwh(draw) * longest for draw in draws]))
    return Reference(
        mean_training_kwh=mean_kwh,
        mean_full_training_kwh=mean_kwh,
        test_metric=None,
        how="the best test value that any trial has",
    )
