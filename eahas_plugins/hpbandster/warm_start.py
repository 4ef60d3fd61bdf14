"""What a run learns from earlier ones: all of them, on every rung."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping
from numbers import Real
from typing import Any

from ConfigSpace import Configuration, ConfigurationSpace
from hpbandster.core.base_iteration import WarmStartIteration
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import Result, json_result_logger

from eahas_plugins.hpbandster.logger import storable
from eahas_plugins.spaces.values import from_json


def check_fits(result: object, space: ConfigurationSpace) -> None:
    """Refuse what is no result, or one of another space.

    Raises:
        ValueError: If it is; with the first configuration that does not fit.
    """
    if not isinstance(result, Result):
        raise ValueError(
            "previous_result must be a result of HpBandSter, from run() or "
            f"logged_results_to_HBS_result(folder), but got {result!r:.100}."
        )
    for config_id, found in result.get_id2config_mapping().items():
        try:
            Configuration(space, values=from_json(found["config"]))
        except (ValueError, KeyError) as error:
            raise ValueError(
                f"previous_result must be of the same space but {found['config']} of "
                f"{config_id} does not fit it ({error!r:.200}): leave it out. EnergyBOHB begins "
                "with the best of other spaces by earlier=."
            ) from error


def warm_start(result: Result, generator: Any) -> WarmStartIteration:
    """The runs of a result as an iteration that is over; the generator learns from them.

    HpBandSter builds one model, with the last configuration, and ignores what it is told of rungs
    below one that has a model. So the runs are told rung by rung, from the lowest, and the last
    one of each rung builds its model.

    Args:
        result: Earlier runs; those that failed teach nothing, as HpBandSter cannot tell them.
        generator: The config generator.
    """
    jobs = _Collected()
    iteration = WarmStartIteration(_as_run(result), jobs)
    last = {job.kwargs["budget"]: job for job in jobs.jobs}
    for budget in sorted(last):
        for job in jobs.jobs:
            if job.kwargs["budget"] == budget:
                generator.new_result(job, update_model=job is last[budget])
    return iteration


def log_earlier(logger: json_result_logger, iteration: WarmStartIteration) -> None:
    """Write earlier runs into a run's log, so that the next run knows them, too."""
    now_s = time.time()  # the iteration's times end at 0
    for config_id, datum in iteration.data.items():
        logger.new_config(config_id, datum.config, datum.config_info)
        for budget, answer in datum.results.items():
            job = Job(config_id, config=datum.config, budget=budget)
            job.timestamps = {k: now_s + s for k, s in datum.time_stamps[budget].items()}
            job.result = answer
            json_result_logger.__call__(logger, storable(job))


class _Collected:
    """A config generator that only listens."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def new_result(self, job: Job, update_model: bool = True) -> None:
        self.jobs.append(job)


def _as_run(result: Result) -> Result:
    """A copy as if it came from `run`, without failed jobs.

    HpBandSter cannot learn from a loss that is None.
    """
    kept = copy.deepcopy(result)
    for datum in kept.data.values():
        datum.config = from_json(datum.config)
        datum.results = {b: r for b, r in datum.results.items() if _has_value(r)}
    return kept


def _has_value(result: Mapping[str, Any] | None) -> bool:
    """Whether a job has succeeded; other writers of logs keep a loss that is not finite."""
    loss = None if result is None else result.get("loss")
    return isinstance(loss, Real) and math.isfinite(loss)
