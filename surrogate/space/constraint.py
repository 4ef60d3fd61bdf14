"""The part of a space that upstream trained networks of, and configurations drawn from it.

ConfigSpace's forbidden clauses compare values; they cannot count multiply-adds. So a constrained
benchmark keeps the whole space, says which configurations are allowed, draws allowed ones and
refuses to be queried for others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from surrogate.arguments import as_configs, check_count
from surrogate.benchmark import Benchmark
from surrogate.records import Run
from surrogate.space import regnet
from surrogate.space.task import Limits
from surrogate.space.tasks import COLLECTED, Config, check, get_task

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

N_STAGES = 2
"""Of every network that upstream collected, beside the limits of its task (its published code)."""


def get_limits(task: str) -> Limits:
    """The limits of a task.

    Raises:
        ValueError: If there is no such task, or it was not collected under constraints.
    """
    limits = get_task(task).limits
    if limits is None:
        raise ValueError(
            f"only {' and '.join(COLLECTED)} have constraints but got {task!r}: load it without "
            "them."
        )
    return limits


def violation(config: Mapping[str, Any], task: str, *, limits: Limits | None = None) -> str | None:
    """What upstream's collection would reject this configuration for; None if nothing.

    Args:
        config: A configuration of the task's space.
        task: The task.
        limits: Other limits than the task's own.

    Raises:
        ValueError: If the task has no constraints or the configuration is not in its space.
    """
    limits = get_limits(task) if limits is None else limits
    config = check(config, task)
    size = regnet.complexity(config, get_task(task).trunk)
    if not limits.flops[0] <= size.flops <= limits.flops[1]:
        low, high = (bound / 1e9 for bound in limits.flops)
        return f"its multiply-adds must lie in {low} to {high} G but are {size.flops / 1e9:.4f} G"
    if size.params > limits.max_params:
        return f"it must have at most {limits.max_params:.0f} parameters but has {size.params}"
    if size.activations > limits.max_activations:
        return (
            f"it must have at most {limits.max_activations:.0f} activations "
            f"but has {size.activations}"
        )
    n_stages = len(regnet.stages(config))
    if n_stages != N_STAGES:
        return f"it must have exactly {N_STAGES} stages but has {n_stages}"
    return None


def sample(
    task: str, n_configs: int, *, seed: int = 0, limits: Limits | None = None
) -> list[Config]:
    """Allowed configurations, drawn from the space's priors by rejection.

    Args:
        task: ``"cifar10"`` or ``"tinyimagenet"``.
        n_configs: How many.
        seed: Seed of the draw, not negative; the same seed gives the same configurations.
        limits: Other limits than the task's own; ``Limits()`` asks for two stages only.

    Raises:
        ValueError: If the task has no constraints, or a number is negative or not whole.
    """
    limits = get_limits(task) if limits is None else limits
    check_count("n_configs", n_configs)
    check_count("seed", seed)
    rng = np.random.default_rng(seed)
    return list(itertools.islice(_endless(task, limits, rng), n_configs))


def _endless(task: str, limits: Limits, rng: np.random.Generator) -> Iterator[Config]:
    while True:
        yield from _allowed(_draw(task, 4096, rng), task, limits)


def _draw(task: str, n: int, rng: np.random.Generator) -> list[Config]:
    """Configurations of the whole space, in plain Python values."""
    chosen = get_task(task)
    columns = []
    for name, values in chosen.values.items():
        weights = np.asarray(chosen.weights.get(name, np.ones(len(values))), dtype=np.float64)
        places = rng.choice(len(values), size=n, p=weights / weights.sum())
        columns.append([values[place] for place in places])
    return [dict(zip(chosen.values, row, strict=True)) for row in zip(*columns, strict=True)]


def _allowed(configs: list[Config], task: str, limits: Limits) -> Iterator[Config]:
    params, flops, activations = regnet.complexities(configs, get_task(task).trunk)
    small = (
        (flops >= limits.flops[0])
        & (flops <= limits.flops[1])
        & (params <= limits.max_params)
        & (activations <= limits.max_activations)
    )
    for place in np.flatnonzero(small).tolist():
        if len(regnet.stages(configs[place])) == N_STAGES:
            yield configs[place]


B = TypeVar("B", bound=Benchmark)


@dataclass(frozen=True, slots=True)
class ConstrainedBenchmark(Generic[B]):
    """A benchmark that refuses configurations which upstream's collection rejected.

    ``space`` is the whole space. Draw allowed configurations with :meth:`sample`; an optimiser
    that proposes others can ask :meth:`is_allowed` first, or :meth:`violation` for the reason.

    Args:
        bench: A benchmark of ``cifar10`` or ``tinyimagenet``.

    Raises:
        ValueError: If the benchmark's task has no constraints.
    """

    bench: B

    def __post_init__(self) -> None:
        get_limits(self.task)

    @property
    def task(self) -> str:
        """Name of the task."""
        return str(self.bench.space.name)

    @property
    def space(self) -> ConfigurationSpace:
        """The whole space; most of it is not allowed."""
        return self.bench.space

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the numbers come from."""
        return self.bench.provenance

    def is_allowed(self, config: Mapping[str, Any]) -> bool:
        """Whether this configuration can be queried.

        Raises:
            ValueError: If it is not in the space.
        """
        return violation(config, self.task) is None

    def violation(self, config: Mapping[str, Any]) -> str | None:
        """Why this configuration cannot be queried; None if it can.

        Raises:
            ValueError: If it is not in the space.
        """
        return violation(config, self.task)

    def sample(self, n_configs: int, *, seed: int = 0) -> list[Config]:
        """Allowed configurations, drawn from the space's priors (see :func:`sample`).

        Raises:
            ValueError: If a number is negative.
        """
        return sample(self.task, n_configs, seed=seed)

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """Predict one training.

        Raises:
            ValueError: If the configuration is not allowed.
        """
        self._refuse([config])
        return self.bench.query(config, seed=seed)

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> Sequence[Run]:
        """Predict many trainings.

        Raises:
            ValueError: If a configuration is not allowed.
        """
        configs = as_configs(configs)
        self._refuse(configs)
        return self.bench.query_many(configs, seed=seed)

    def _refuse(self, configs: Sequence[Mapping[str, Any]]) -> None:
        for config in configs:
            reason = violation(config, self.task)
            if reason is not None:
                raise ValueError(
                    f"configuration is outside the constraints of {self.task!r}: {reason}. Draw "
                    "allowed ones with bench.sample(n), or load the task with constrained=False."
                )
