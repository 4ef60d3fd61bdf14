"""A task in which all trainings are full ones, for methods that know no shorter ones."""

from __future__ import annotations

import dataclasses
from typing import Any

from ConfigSpace import ConfigurationSpace, OrdinalHyperparameter

from benchmarks.harness.bench import SCHEDULE
from benchmarks.harness.live import LiveTask
from benchmarks.harness.wrapped import WrappedBench
from surrogate import Benchmark


def only_longest(space: ConfigurationSpace) -> ConfigurationSpace:
    """The space with the longest schedule alone; as it is, where there are none."""
    if SCHEDULE not in space:
        return space
    schedule: Any = space[SCHEDULE]
    full = ConfigurationSpace(name=space.name)
    longest = [max(schedule.sequence)]
    full.add(
        [
            OrdinalHyperparameter(name, longest) if name == SCHEDULE else hyperparameter
            for name, hyperparameter in space.items()
        ]
    )
    full.add([*space.conditions, *space.forbidden_clauses])
    return full


def in_full(task: Benchmark | LiveTask) -> Benchmark | LiveTask:
    """The task without shorter trainings."""
    if isinstance(task, LiveTask):
        return dataclasses.replace(task, space=only_longest(task.space))
    return WrappedBench(task, space=only_longest(task.space))
