"""A benchmark as a study sees it, and what is known of a task before any study.

A study observes what one real training would show: the surrogate's noise, drawn with a seed made
of the study's seed, the configuration and its schedule. So a method that trains the same network
twice sees the same result, and two methods that choose equally have equal luck.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray

from benchmarks.harness.seeds import derive_seed
from eahas_plugins.targets.schedules import schedules_of
from surrogate import Benchmark
from surrogate.records import Run

SCHEDULE = "max_epoch"
"""The hyperparameter that holds the length of the schedule, in the spaces that have one."""

GOES_ON = "goes_on"
"""True in a benchmark's provenance if a training goes on from a shorter one of its configuration
and pays the difference; a shorter one must be the beginning of a longer one, without noise."""

N_PRIOR = 2000
"""Draws from the prior for the mean energy of a training."""


def plain_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration in native Python values, names sorted."""
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in sorted(dict(config).items())
    }


class SeededBench:
    """A benchmark whose noise belongs to one study.

    Where a benchmark has no validation accuracy (the official checkpoints), the noisy test
    accuracy is what a study observes.

    Args:
        bench: The benchmark.
        seed: The study's seed.
    """

    def __init__(self, bench: Benchmark, seed: int) -> None:
        self._bench = bench
        self._seed = seed
        self._observed: dict[str, Run] = {}
        self._truth: dict[str, Run] = {}

    @property
    def space(self) -> ConfigurationSpace:
        """The joint space."""
        return self._bench.space

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the numbers come from."""
        return self._bench.provenance

    @property
    def objectives(self) -> tuple[str, ...]:
        """What a study searches for, as `SurrogateObjective` names it."""
        return tuple(self.provenance.get("objectives", ("accuracy",)))

    @property
    def goes_on(self) -> bool:
        """Whether a longer training goes on from a shorter one."""
        return bool(self.provenance.get(GOES_ON, False))

    def query(self, config: Mapping[str, Any]) -> Run:
        """The training as this study observes it."""
        key = config_key(config)
        if key not in self._observed:
            seed = derive_seed("noise", self._seed, key)
            run = _complete(self._bench.query(plain_config(config), seed=seed))
            self._observed[key] = run
        return self._observed[key]

    def truth(self, config: Mapping[str, Any]) -> Run:
        """The same training without noise. Methods must not look."""
        key = config_key(config)
        if key not in self._truth:
            self._truth[key] = _complete(self._bench.query(plain_config(config)))
        return self._truth[key]


class HasSpace(Protocol):
    """What a study searches."""

    @property
    def space(self) -> ConfigurationSpace:
        """The joint space."""


def longest_schedule(bench: HasSpace) -> int:
    """Epochs of the longest training: the largest ``max_epoch``, or what a default trains for."""
    if SCHEDULE in bench.space:
        return int(schedules_of(bench.space, SCHEDULE, required=True)[-1])
    assert isinstance(bench, SeededBench)  # a live training must have schedules
    energy = bench.query(bench.space.get_default_configuration()).energy_kwh
    assert energy is not None  # SeededBench checks it
    return len(energy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is known of a task before any study.

    Args:
        mean_training_kwh: Mean energy of a complete training over the space's prior, kWh.
        mean_full_training_kwh: The same of those with the longest schedule; equal where there are
            no schedules.
        test_metric: Best noise-free test accuracy that the search below found; None where only
            trainings can tell.
        how: What was searched.
    """

    mean_training_kwh: float
    mean_full_training_kwh: float
    test_metric: float | None
    how: str


def find_reference(
    bench: Benchmark,
    *,
    n_prior: int = N_PRIOR,
    rounds: int = 12,
    keep: int = 40,
    children: int = 12,
) -> Reference:
    """Mean energy of a training, and the best known noise-free final test accuracy.

    The latter is found by a seeded evolutionary search without a budget: the best draws from the
    prior, then rounds in which each survivor has children with one hyperparameter drawn again.
    """
    space = copy.deepcopy(bench.space)  # seeding it must not change the benchmark's own
    space.seed(derive_seed("reference", bits=32))
    rng = np.random.default_rng(derive_seed("reference", "children"))
    draws = [plain_config(config) for config in space.sample_configuration(n_prior)]
    pool = draws
    runs = _query_many(bench, pool)
    energies = np.array([_total_kwh(run) for run in runs])
    lengths = np.array([draw.get(SCHEDULE, 0) for draw in draws])
    scores = _finals(runs)
    for _ in range(rounds):
        best = np.argsort(-scores, kind="stable")[:keep]
        pool, scores = [pool[i] for i in best], scores[best]
        young = []
        for parent in pool * children:
            name = str(rng.choice(list(parent)))
            donor = draws[rng.integers(n_prior)]
            young.append(parent | {name: donor[name]})
        young = [child for child in young if child not in pool]
        if young:
            pool = pool + young
            scores = np.concatenate([scores, _finals(_query_many(bench, young))])
    return Reference(
        mean_training_kwh=float(np.mean(energies)),
        mean_full_training_kwh=float(np.mean(energies[lengths == lengths.max()])),
        test_metric=float(scores.max()),
        how=(
            f"best noise-free final test accuracy of {n_prior} draws from the prior and "
            f"{rounds} rounds of {keep * children} children"
        ),
    )


def _query_many(bench: Benchmark, configs: Sequence[Mapping[str, Any]]) -> list[Run]:
    return [_complete(run) for run in bench.query_many(configs)]


def _total_kwh(run: Run) -> float:
    assert run.energy_kwh is not None  # _complete checks it
    return float(run.energy_kwh[-1])


def _finals(runs: Sequence[Run]) -> NDArray[np.float64]:
    return np.array([-np.inf if r.test_accuracy is None else r.test_accuracy[-1] for r in runs])


def config_key(config: Mapping[str, Any]) -> str:
    """The same text for the same choice, whichever host made it (8, 8.0, numpy's 8)."""
    parts = {
        name: value if isinstance(value, str | bool) or value is None else round(float(value), 9)
        for name, value in plain_config(config).items()
    }
    return json.dumps(parts, sort_keys=True)


def _complete(run: Run) -> Run:
    """The run, if a comparison can use it: energy and test accuracy known, numbers that exist."""
    if run.energy_kwh is None or run.test_accuracy is None:
        missing = "energy" if run.energy_kwh is None else "test accuracy"
        raise ValueError(
            f"a comparison needs a benchmark that knows energy and test accuracy, but the "
            f"{missing} of a queried configuration is unknown."
        )
    steps = np.diff(run.energy_kwh, prepend=0.0)
    if not (len(steps) and steps.min() >= 0.0 and 0.0 < run.energy_kwh[-1] < np.inf):
        raise ValueError(
            "a comparison needs cumulative energies that are finite, positive in the end and never "
            f"fall, but a queried configuration has {np.array2string(run.energy_kwh, threshold=6)}."
        )
    if run.val_accuracy is None:
        run = dataclasses.replace(run, val_accuracy=run.test_accuracy)
    for name in ("val_accuracy", "test_accuracy"):
        curve = np.asarray(getattr(run, name))
        if not (len(curve) == len(steps) and ((curve >= 0.0) & (curve <= 1.0)).all()):
            raise ValueError(
                f"{name} of a queried configuration must lie in [0, 1] in all {len(steps)} epochs "
                f"but is {np.array2string(curve, threshold=6)}."
            )
    return run
