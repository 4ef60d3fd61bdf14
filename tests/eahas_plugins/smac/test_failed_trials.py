"""Trials that fail, time out or tell nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from smac import Scenario
from smac.runhistory import StatusType

from eahas_plugins.smac import (
    SurrogateTarget,
    energy_scenario,
)
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import (
    energies,
    full_fidelity,
    multi_fidelity,
)

CRASHES = SurrogateTarget(PowerLawBench())


def explodes(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """Wide networks fail halfway, with half of their energy burnt."""
    cost, info = CRASHES(config, budget=budget)
    if config["width"] > 16:
        attempt.report(info["energy_kwh"] / 2)
        raise RuntimeError("out of memory")
    return cost, info


def test_failed_trials_are_charged_what_they_burnt(tmp_path: Path) -> None:
    scenario = energy_scenario(CRASHES, name="run", output_directory=tmp_path, seed=1)
    facade = multi_fidelity(
        tmp_path, budget_kwh=0.03, target=explodes, scenario=scenario, n_startup_trials=6
    )
    facade.optimize()
    failed = [
        (key, value)
        for key, value in facade.runhistory.items()
        if value.status == StatusType.CRASHED and value.additional_info["energy_kwh"] > 0.0
    ]
    assert failed
    for key, value in failed:
        config = facade.runhistory.get_config(key.config_id)
        burnt = CRASHES(config, budget=key.budget)[1]["energy_kwh"] / 2
        assert value.additional_info["energy_kwh"] == pytest.approx(burnt)
        assert "out of memory" in value.additional_info["error"]
        assert value.cost == 1.0
    assert facade.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))
    assert facade.spent_kwh >= 0.03 - 1.7e-3


def hangs(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """Wide networks report some energy and then never come back."""
    cost, info = CRASHES(config, budget=budget)
    if config["width"] > 64:
        attempt.report(1e-3)
        time.sleep(600)
    return cost, info


def test_timed_out_trials_are_charged_what_they_burnt(tmp_path: Path) -> None:
    scenario = energy_scenario(
        CRASHES, name="run", output_directory=tmp_path, seed=1, n_trials=3, trial_walltime_limit=1
    )
    facade = full_fidelity(
        tmp_path, budget_kwh=1.0, target=hangs, scenario=scenario, n_startup_trials=3
    )
    facade.optimize()
    timed_out = [v for v in facade.runhistory.values() if v.status == StatusType.TIMEOUT]
    assert timed_out
    assert {v.additional_info["energy_kwh"] for v in timed_out} == {1e-3}
    assert facade.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))


def silent(config: Any, seed: int = 0) -> float:
    return float(config["lr"])


def test_a_target_that_reports_no_energy_is_an_error(tmp_path: Path) -> None:
    scenario = Scenario(
        PowerLawBench().space, name="run", output_directory=tmp_path, crash_cost=1.0
    )
    facade = full_fidelity(tmp_path, budget_kwh=1.0, target=silent, scenario=scenario)
    with pytest.raises(ValueError, match="must report its energy"):
        facade.optimize()


def test_an_infinite_crash_cost_is_refused_where_no_worst_cost_is_known(tmp_path: Path) -> None:
    scenario = Scenario(PowerLawBench().space, name="run", output_directory=tmp_path)
    with pytest.raises(ValueError, match="crash_cost must be finite"):
        full_fidelity(tmp_path, budget_kwh=1.0, target=silent, scenario=scenario)
