"""A run of HpBandSter that ends when a kWh is not worth its price."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job

from eahas_plugins.hpbandster import EnergyBOHB, SurrogateWorker
from eahas_plugins.hpbandster.price import JobPrice
from tests.eahas_plugins.hpbandster.conftest import Cluster, within_time
from tests.eahas_plugins.smac.bench import PowerLawBench

SPACE = ConfigurationSpace({"x": (0.0, 1.0)})


def job(number: int, x: float, budget: float = 1.0, **answer: Any) -> Job:
    found = Job((0, 0, number), config={"x": x}, budget=budget)
    found.timestamps["started"] = float(number)
    info = {"energy_kwh": 1e-3 * budget, **answer.pop("info", {})}
    found.result = {"loss": 0.1 + abs(x - 0.7), "info": info, **answer}
    found.exception = None
    return found


def told(price: JobPrice, jobs: list[Job]) -> int | None:
    """After which job the price ends the run."""
    for n, one in enumerate(jobs, 1):
        price.add(one)
        price.look(pytest.fail)  # type: ignore[arg-type]
        if price.end is not None:
            return n
    return None


def jobs(n: int = 16) -> list[Job]:
    return [job(n, float(x)) for n, x in enumerate(np.random.default_rng(0).random(n))]


def test_ten_jobs_and_three_looks() -> None:
    assert told(JobPrice(1e9, SPACE, lowest=1.0, highest=9.0), jobs()) == 12
    assert told(JobPrice(1e-9, SPACE, lowest=1.0, highest=9.0), jobs()) is None
    assert told(JobPrice(1e9, SPACE, lowest=9.0, highest=9.0), jobs()) == 12


def test_what_failed_was_refused_or_cut_is_not_complete() -> None:
    failed, refused, cut, lost = job(90, 0.1), job(91, 0.2), job(92, 0.3), job(93, 0.4)
    failed.result = None
    refused.result, refused.exception = None, "EnergyExhaustedError: nothing is left"
    cut.result["info"]["truncated"] = True
    lost.result["loss"] = float("nan")
    price = JobPrice(1e9, SPACE, lowest=1.0, highest=9.0)
    assert told(price, [failed, refused, cut, lost, *jobs()]) == 16


def test_a_run_that_goes_on_has_ended_before_any_job() -> None:
    price = JobPrice(1e9, SPACE, lowest=1.0, highest=9.0)
    for one in reversed(jobs()):  # in whichever order it is told
        price.add(one)
    assert price.has_ended()
    assert not JobPrice(1e9, SPACE, lowest=1.0, highest=9.0).has_ended()


def test_an_error_ends_the_run_with_it() -> None:
    price, errors = JobPrice(1e9, SPACE, lowest=1.0, highest=9.0), []
    broken = jobs()
    broken[3].kwargs["config"] = {"x": "not a number"}
    for one in broken:
        price.add(one)
        price.look(errors.append)
    assert errors
    assert isinstance(errors[0], ValueError)


def test_the_last_line_says_why(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    bench = PowerLawBench()
    cluster.worker(SurrogateWorker, bench, fidelity="kwh")
    rungs = {"min_kwh": 1e-3, "max_kwh": 0.01}
    with cluster.master(
        EnergyBOHB, bench.space, budget_kwh=1.0, seed=1, price_kwh=1e9, num_samples=8, **rungs
    ) as master:
        with caplog.at_level(logging.WARNING):
            within_time(master.run)
        assert master.price_end is not None
        assert master.spent_kwh < 0.5
        assert f"EnergyBOHB: {master.price_end}; spent " in caplog.messages[-1]
