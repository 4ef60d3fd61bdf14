from __future__ import annotations

from pathlib import Path

import pytest
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from smac.initial_design.latin_hypercube_design import LatinHypercubeInitialDesign
from smac.runhistory import TrialValue

from eahas_plugins.smac import (
    EnergyHyperband,
    EnergyMultiFidelityFacade,
    SurrogateTarget,
    energy_scenario,
    schedule_components,
)
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import QUIET, forest, maximizer, multi_fidelity

SHORTEST, LONGEST = 5.0, 20.0


def scenario(folder: Path) -> Scenario:
    return Scenario(
        ConfigurationSpace({"x": (0.0, 1.0)}, seed=0),
        output_directory=folder,
        min_budget=1.0,
        max_budget=4.0,
        crash_cost=1.0,
        deterministic=True,
    )


def test_a_component_that_would_have_nothing_to_do_is_refused(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    setting = energy_scenario(target, name="run", output_directory=tmp_path, seed=1)
    with pytest.raises(ValueError, match="model must be None where rungs are complete schedules"):
        EnergyMultiFidelityFacade(setting, target, budget_kwh=0.1, model=forest(setting))
    with pytest.raises(ValueError, match="reward_exponent must be at most 0"):
        multi_fidelity(tmp_path, budget_kwh=1.0, fidelity="schedule", reward_exponent=float("nan"))


def test_smacs_own_components_search_with_smacs_own_intensifier(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    setting = energy_scenario(target, name="run", output_directory=tmp_path, seed=1)
    model = forest(setting)
    host = EnergyMultiFidelityFacade(
        setting,
        target,
        budget_kwh=0.1,
        intensifier=EnergyHyperband(setting, 4),
        model=model,
        acquisition_maximizer=maximizer(setting),
        n_startup_trials=6,
        logging_level=QUIET,
    )
    host.optimize()
    assert {key.budget for key in host.runhistory} == {SHORTEST, LONGEST}
    assert host.meta["model"] == model.meta


def test_a_given_initial_design_is_as_long_as_it_is(tmp_path: Path) -> None:
    setting = scenario(tmp_path)
    design = LatinHypercubeInitialDesign(setting, n_configs=3)
    found = schedule_components(setting, given={"initial_design": design})
    assert found["initial_design"] is design
    assert found["intensifier"].n_startup_trials == 3


def test_components_for_ask_and_tell(tmp_path: Path) -> None:
    setting = scenario(tmp_path)
    host = EnergyMultiFidelityFacade(
        setting,
        None,
        budget_kwh=1.0,
        logging_level=QUIET,
        **schedule_components(setting, n_startup_trials=4),
    )
    budgets = []
    for _ in range(6):
        info = host.ask()
        budgets.append(info.budget)
        host.tell(info, TrialValue(info.config["x"], additional_info={"energy_kwh": 1e-3}))
    assert budgets[:4] == [1.0] * 4
    assert 4.0 in budgets[4:]
