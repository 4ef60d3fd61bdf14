"""Which seeds and tasks each bootstrap resample has: the same for all that is told of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.seeds import derive_seed

N_RESAMPLES = 2000
MANY = 8
"""From so many tasks on they are a sample themselves, and intervals are over tasks too."""


def seeds_drawn(seeds: Iterable[int]) -> NDArray[np.int64]:
    """Positions of the studies of each resample, shape (n_resamples, n_seeds).

    The same for all methods with the same seeds, and on all tasks: a seed makes the same first
    draws on every task with the same space, so that its luck is one and the same, and studies of
    several tasks with one seed are drawn together.

    References:
        Owen (2007), The pigeonhole bootstrap: rows and columns of a crossed design are resampled,
        each as a whole.
    """
    listed = [int(seed) for seed in seeds]
    rng = np.random.default_rng(derive_seed("bootstrap", "seeds", listed))
    return rng.integers(len(listed), size=(N_RESAMPLES, len(listed)))


def tasks_drawn(n_tasks: int, *, are_sample: bool) -> NDArray[np.int64]:
    """Which tasks each resample has, shape (n_resamples, n_tasks): all, or a sample of a sample."""
    tasks = np.broadcast_to(np.arange(n_tasks), (N_RESAMPLES, n_tasks))
    if are_sample:
        rng = np.random.default_rng(derive_seed("bootstrap", "tasks"))
        tasks = rng.integers(n_tasks, size=tasks.shape)
    return tasks
