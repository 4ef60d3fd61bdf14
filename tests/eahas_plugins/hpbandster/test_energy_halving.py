from __future__ import annotations

import itertools
from typing import Any

import pytest
from hpbandster.core.dispatcher import Job

from eahas_plugins.hpbandster.energy_halving import EnergyHalving

pytestmark = pytest.mark.filterwarnings("default")


def trained(n_that_succeed: int, *, reward_exponent: float) -> list[tuple[float, bool]]:
    """Rung of each job of a bracket of 9, 3 and 1, and whether it was tried before."""
    numbers = itertools.count()
    bracket = EnergyHalving(
        reward_exponent=reward_exponent,
        HPB_iter=0,
        num_configs=[9, 3, 1],
        budgets=[1.0, 3.0, 9.0],
        config_sampler=lambda budget: ({"x": next(numbers)}, {}),
    )
    found: list[tuple[float, bool]] = []
    seen: set[Any] = set()
    while (job_of := bracket.get_next_run()) is not None:
        config_id, config, budget = job_of
        job = Job(config_id, config=config, budget=budget)
        if config["x"] < n_that_succeed:
            job.result = {"loss": 0.1 * config["x"], "info": {"energy_kwh": budget}}
        found.append((budget, config_id in seen))
        seen.add(config_id)
        bracket.register_result(job)
    assert bracket.is_finished
    return found


@pytest.mark.parametrize(
    ("n_that_succeed", "n_promoted"), [(9, [3, 1]), (2, [2, 1]), (1, [1, 1]), (0, [0, 0])]
)
def test_nothing_untried_takes_the_place_of_what_has_failed(
    n_that_succeed: int, n_promoted: list[int]
) -> None:
    found = trained(n_that_succeed, reward_exponent=-0.07)
    higher = [job for job in found if job[0] > 1.0]
    assert all(was_tried for _, was_tried in higher)
    assert [sum(budget == rung for budget, _ in higher) for rung in (3.0, 9.0)] == n_promoted


def test_without_weight_hpbandster_fills_a_rung() -> None:
    higher = [job for job in trained(2, reward_exponent=0.0) if job[0] > 1.0]
    assert (3.0, False) in higher
