"""Users and runners may tell nothing that SMAC would end of with an assertion."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from smac.runhistory import StatusType, TrialValue

from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade
from eahas_plugins.smac.told import check_energies, check_result
from tests.eahas_plugins.smac.helpers import QUIET

ENERGY = {"energy_kwh": 0.125}


def scenario(folder: Path, **settings: Any) -> Scenario:
    space = ConfigurationSpace({"x": (0.0, 1.0)}, seed=0)
    return Scenario(
        space, name="run", output_directory=folder, deterministic=True, crash_cost=1.0, **settings
    )


@pytest.mark.parametrize("cost", [[0.1, 0.2], [0.5], 0.5])
def test_there_are_as_many_costs_as_objectives(tmp_path: Path, cost: Any) -> None:
    two = scenario(tmp_path, objectives=["a", "b"])
    if isinstance(cost, list) and len(cost) == 2:
        check_result(TrialValue(cost=cost), two)
        with pytest.raises(ValueError, match=r"must have 1 values, one per objective, but got"):
            check_result(TrialValue(cost=cost), scenario(tmp_path))
    else:
        with pytest.raises(ValueError, match=r"must have 2 values, one per objective, but got"):
            check_result(TrialValue(cost=cost), two)
        check_result(TrialValue(cost=cost), scenario(tmp_path))
    check_result(TrialValue(cost=cost), None)  # with SMAC's own facades nobody knows


@pytest.mark.parametrize(
    "two", [(0.1, 0.2), np.array([0.1, 0.2]), np.array([[0.1], [0.2]]), [np.float32(0.1), 1]]
)
def test_costs_may_be_whatever_smac_takes_for_some(tmp_path: Path, two: Any) -> None:
    check_result(TrialValue(cost=two), scenario(tmp_path, objectives=["a", "b"]))
    check_result(TrialValue(cost=np.asarray(two)[:1]), scenario(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must have 1 values"):
        check_result(TrialValue(cost=two), scenario(tmp_path))
    with pytest.raises(ValueError, match="must be finite"):
        check_result(TrialValue(cost=np.array([0.1, math.nan])), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("cost", [math.nan, math.inf, "0.5", None])
def test_the_cost_of_a_success_is_finite(cost: Any) -> None:
    with pytest.raises(ValueError, match=r"must be finite but got .*StatusType\.CRASHED"):
        check_result(TrialValue(cost=cost), None)
    check_result(TrialValue(cost=cost, status=StatusType.CRASHED), None)


@pytest.mark.parametrize("kwh", [-1.0, math.nan, math.inf, "1", True])
def test_an_energy_is_one(kwh: Any) -> None:
    with pytest.raises(ValueError, match=r"energy_kwh must be .* configuration 3 .*budget 9\.0"):
        check_energies((3, None, 0, 9.0), {"energy_kwh": kwh})


def test_what_cannot_be_told_is_said_before_anything_is_charged(tmp_path: Path) -> None:
    host = EnergyHyperparameterOptimizationFacade(
        scenario(tmp_path), None, budget_kwh=0.25, n_startup_trials=4, logging_level=QUIET
    )
    info = host.ask()
    for value in (
        TrialValue(cost=[0.1, 0.2], additional_info=dict(ENERGY)),
        TrialValue(cost=0.1, status=StatusType.RUNNING, additional_info=dict(ENERGY)),
    ):
        with pytest.raises(ValueError, match=r"one per objective|status is RUNNING"):
            host.tell(info, value)
    assert host.spent_kwh == 0.0
    host.tell(info, TrialValue(cost=0.1, additional_info=dict(ENERGY)))
    host.tell(host.ask(), TrialValue(cost=0.1, additional_info=dict(ENERGY)))
    with pytest.raises(StopIteration, match="nothing is left that pays for a trial: 250 of 250 Wh"):
        host.ask()
