"""Whether a target function reaches the process that is to run it, said before the first trial."""

from __future__ import annotations

import pickle
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
from smac.scenario import Scenario


def check_travels(target_function: Any, scenario: Scenario) -> None:
    """Try the way that a target function takes with Dask.

    Dask sends it by value. A trial with a limit of time or memory then goes on to a process of its
    own, by name: what is defined in the script itself cannot be found there.

    Raises:
        ValueError: If it does not arrive.
    """
    try:
        arrived = cloudpickle.loads(cloudpickle.dumps(target_function))
    except Exception as error:
        raise ValueError(
            "the target function must be sent to Dask's workers but cannot be pickled "
            f"({error!r}): leave locks, files and clients out of it."
        ) from error
    if scenario.trial_walltime_limit is None and scenario.trial_memory_limit is None:
        return
    try:
        pickle.dumps(arrived)
    except Exception as error:
        raise ValueError(
            "with Dask and trial_walltime_limit or trial_memory_limit the training must be "
            f"importable by name but is not ({error}): move it to a module of its own and import "
            "it, or leave the limit out."
        ) from error
