from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace

from eahas_plugins.smac import EnergyMultiFidelityFacade, EnergyTarget, energy_scenario
from tests.eahas_plugins.contract.own_training import OwnTraining
from tests.eahas_plugins.contract.own_training import space as own_space
from tests.eahas_plugins.meters import Counter


def target(**how: Any) -> EnergyTarget:
    meter = Counter()
    return EnergyTarget(OwnTraining("maximize", meter), meter, **how)


LENGTH = {"fidelity_param": "n_steps"}


@pytest.mark.parametrize(
    ("how", "rungs", "expected"),
    [
        ({"fidelity": "schedule", **LENGTH}, {"max_budget": 40}, (10.0, 40.0)),
        ({"fidelity": "schedule", **LENGTH}, {"max_budget": 2}, (1.0, 2.0)),
        ({"fidelity": "continue", **LENGTH}, {"max_budget": 27}, (3.0, 27.0)),
        ({"fidelity": "continue"}, {"max_budget": 4}, (1.0, 4.0)),
        ({"fidelity": "continue"}, {"max_budget": 4.5}, (1.0, 4.5)),
        ({"fidelity": "continue"}, {"min_budget": 2, "max_budget": 4}, (2.0, 4.0)),
        ({}, {"max_budget": 0.9}, (0.1, 0.9)),
        ({}, {}, (None, None)),
    ],
)
def test_rungs_of_a_training_of_your_own(how: Any, rungs: Any, expected: Any) -> None:
    scenario = energy_scenario(target(**how), own_space(), **rungs)
    assert (scenario.min_budget, scenario.max_budget) == pytest.approx(expected)
    assert (scenario.objectives, scenario.crash_cost) == ("error", 1.0)
    assert scenario.deterministic


def test_objectives_and_the_cost_of_a_failure() -> None:
    loss = {"metric": "loss", "direction": "minimize"}
    scenario = energy_scenario(target(**loss), own_space(), crash_cost=9.0, seed=-1)
    assert (scenario.objectives, scenario.crash_cost) == ("loss", 9.0)
    both = target(**loss, objectives=("loss", "energy_kwh"))
    scenario = energy_scenario(both, own_space(), crash_cost=[9.0, 0.1])
    assert scenario.objectives == ["loss", "energy_kwh"]


@pytest.mark.parametrize(
    ("how", "given", "message"),
    [
        ({}, {}, "space must be the ConfigurationSpace that is searched"),
        ({"fidelity": "continue"}, {"space": own_space()}, "max_budget must be given with fideli"),
        (
            {"metric": "loss", "direction": "minimize"},
            {"space": own_space()},
            "crash_cost must be given, as the worst loss there is",
        ),
        (
            {"objectives": ("error", "energy_kwh")},
            {"space": own_space()},
            "crash_cost must be given, as the worst error and energy_kwh",
        ),
    ],
)
def test_what_only_the_user_can_know_is_asked_for(how: Any, given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        energy_scenario(target(**how), **given)


def test_a_benchmark_has_a_space_of_its_own() -> None:
    from eahas_plugins.smac import SurrogateTarget
    from tests.eahas_plugins.contract.problem import ContractProblem

    benchmark = SurrogateTarget(ContractProblem())
    with pytest.raises(ValueError, match="space must be None, since a benchmark has its own"):
        energy_scenario(benchmark, own_space(), max_budget=9)


def test_it_runs(tmp_path: Path) -> None:
    own = target(
        fidelity="schedule", metric="score", direction="maximize", fidelity_param="n_steps"
    )
    scenario = energy_scenario(
        own, own_space(), max_budget=20, crash_cost=200.0, output_directory=tmp_path
    )
    facade = EnergyMultiFidelityFacade(scenario, own, budget_kwh=0.06, logging_level=40)
    facade.optimize()
    assert {key.budget for key in facade.runhistory} == {5.0, 20.0}
    assert isinstance(scenario.configspace, ConfigurationSpace)
