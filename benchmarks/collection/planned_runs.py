"""Which configuration and seed belong to which run: the same on every machine, for ever."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from surrogate.space.tasks import Config, check, get_space

N_RUNS_WITH_REPEATS = 300
"""In the first runs, the last two of every ten train the configuration of the first of the ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One training that is to be recorded.

    Args:
        run: Its number, from 0.
        config_run: The first run with the same configuration.
        config: What to train, drawn from the priors of the task's space.
        seed: Seed of the training.
    """

    run: int
    config_run: int
    config: Config
    seed: int


def planned_run(task: str, run: int) -> PlannedRun:
    """The run of that number; among the first 300 are 30 configurations with three seeds each."""
    repeats = run < N_RUNS_WITH_REPEATS and run % 10 in (8, 9)
    config_run = run - run % 10 if repeats else run
    space = get_space(task, seed=_derive(task, "configuration", config_run))
    config = check(space.sample_configuration(), task)
    return PlannedRun(
        run=run, config_run=config_run, config=config, seed=_derive(task, "training", run)
    )


def planned_steps(task: str, run: int) -> PlannedRun:
    """The configuration of that number whose steps are measured; each is another draw."""
    space = get_space(task, seed=_derive(task, "configuration of steps", run))
    config = check(space.sample_configuration(), task)
    return PlannedRun(run=run, config_run=run, config=config, seed=_derive(task, "steps", run))


def _derive(task: str, purpose: str, run: int) -> int:
    planned_as = task.removesuffix("-gpu")  # run i is the same training on every device
    entropy = (crc32(planned_as.encode()), crc32(purpose.encode()), run)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)
