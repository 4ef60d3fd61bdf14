"""A task in which all trainings are full ones, for methods that know no shorter ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ConfigSpace import ConfigurationSpace, OrdinalHyperparameter

from benchmarks.harness.bench import SCHEDULE
from benchmarks.harness.live import LiveTask
from surrogate import Benchmark
from surrogate.records import Run


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
    return InFull(task)


class InFull:
    """A benchmark whose trainings have the longest schedule.

    Args:
        bench: The benchmark.
    """

    def __init__(self, bench: Benchmark) -> None:
        self._bench = bench
        self.space = only_longest(bench.space)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the numbers come from."""
        return self._bench.provenance

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """One training."""
        return self._bench.query(config, seed=seed)

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> Sequence[Run]:
        """Several trainings."""
        return self._bench.query_many(configs, seed=seed)
