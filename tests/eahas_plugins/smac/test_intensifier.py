from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace, Float
from smac import Scenario
from smac.intensifier.hyperband import Hyperband
from smac.runhistory import RunHistory, StatusType
from smac.runhistory.dataclasses import InstanceSeedBudgetKey

from eahas_plugins.smac import (
    EnergyHyperband,
    ScheduleIntensifier,
    SurrogateTarget,
    energy_scenario,
)
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import multi_fidelity

KEY = InstanceSeedBudgetKey(None, 0, 1.0)


def scenario(folder: Path, *, low: float = 1.0, high: float = 9.0, **kwargs: Any) -> Scenario:
    space = ConfigurationSpace()
    space.add(Float("x", (0.0, 1.0)))
    return Scenario(
        space, name="run", output_directory=folder, min_budget=low, max_budget=high, **kwargs
    )


def ready(intensifier: Hyperband) -> Hyperband:
    intensifier.runhistory = RunHistory()
    intensifier.__post_init__()
    return intensifier


@pytest.mark.parametrize(
    ("low", "high", "eta", "n_rungs"),
    [(1, 243, 3, 6), (1e-3, 0.243, 3, 6), (5, 20, 2, 3), (1, 8.9, 3, 2), (1, 1, 3, 1)],
)
def test_rounding_loses_no_rung(
    tmp_path: Path, low: float, high: float, eta: int, n_rungs: int
) -> None:
    intensifier = ready(EnergyHyperband(scenario(tmp_path, low=low, high=high), eta))
    budgets = intensifier._budgets_in_stage[0]
    assert len(budgets) == n_rungs
    assert budgets[-1] == high
    assert budgets[0] >= low * (1 - 1e-9)


def test_a_ratio_that_is_no_integer_reaches_its_schedules(tmp_path: Path) -> None:
    intensifier = ready(EnergyHyperband(scenario(tmp_path, low=8, high=18), 1.5))
    assert intensifier._budgets_in_stage[0] == pytest.approx([8, 12, 18])


def filled(
    folder: Path, outcomes: list[tuple[float, float | None]], **kwargs: Any
) -> tuple[EnergyHyperband, list[Configuration]]:
    setting = scenario(folder)
    intensifier = EnergyHyperband(setting, **kwargs)
    ready(intensifier)
    configs = []
    for position, (cost, energy_kwh) in enumerate(outcomes):
        config = Configuration(setting.configspace, {"x": position / 10})
        info = {} if energy_kwh is None else {"training_energy_kwh": energy_kwh}
        intensifier.runhistory.add(config, cost, seed=0, budget=1.0, additional_info=info)
        configs.append(config)
    return intensifier, configs


@pytest.mark.parametrize(
    ("outcomes", "weight", "first"),
    [
        # accuracy alone
        ([(0.10, 8.0), (0.12, 1.0), (0.5, 1.0)], 0.0, 0),
        # 0.88 * 1 beats 0.90 * 8 ** -0.07 = 0.778
        ([(0.10, 8.0), (0.12, 1.0), (0.5, 1.0)], -0.07, 1),
        # a cheap bad network is not promoted: 0.5 * (1/8) ** -0.07 = 0.578
        ([(0.10, 8.0), (0.12, 8.0), (0.5, 1.0)], -0.07, 0),
        # unknown energy: accuracy as it is
        ([(0.10, None), (0.12, 1.0), (0.5, 1.0)], -0.07, 0),
        ([(0.10, None), (0.12, None), (0.5, None)], -0.07, 0),
        # losses: 1.10 * (1 / 2) ** 0.07 = 1.05 beats 1.02 * 4 ** 0.07 = 1.12, wherever they lie
        ([(1.02, 8.0), (1.10, 1.0), (1.5, 2.0)], -0.07, 1),
        ([(2.04, 8.0), (2.20, 1.0), (3.0, 2.0)], -0.07, 1),
        # ties: the older one
        ([(0.10, 2.0), (0.10, 2.0), (0.5, 1.0)], -0.07, 0),
    ],
)
def test_who_is_promoted(
    tmp_path: Path, outcomes: list[tuple[float, float | None]], weight: float, first: int
) -> None:
    intensifier, configs = filled(tmp_path, outcomes, reward_exponent=weight)
    intensifier._n_configs_in_stage = {0: [3, 1]}
    assert intensifier._get_best_configs(configs, 0, 0, [KEY]) == [configs[first]]
    assert intensifier._get_best_configs(configs, 0, 1, [KEY]) == []


def test_a_failed_trial_is_promoted_last(tmp_path: Path) -> None:
    intensifier, configs = filled(tmp_path, [(0.9, 1.0), (0.8, 4.0)])
    failed = Configuration(intensifier._scenario.configspace, {"x": 1.0})
    intensifier.runhistory.add(
        failed, 1.0, seed=0, budget=1.0, status=StatusType.CRASHED, additional_info={}
    )
    intensifier._n_configs_in_stage = {0: [3, 2]}
    assert failed not in intensifier._get_best_configs([failed, *configs], 0, 0, [KEY])


@pytest.mark.parametrize("exponent", [-0.07, 0.0])
@pytest.mark.parametrize("crash_cost", [1.0, 0.0])
def test_a_failed_trial_is_never_promoted(
    tmp_path: Path, crash_cost: float, exponent: float
) -> None:
    intensifier, configs = filled(tmp_path, [(0.9, 1.0)], reward_exponent=exponent)
    failed = [Configuration(intensifier._scenario.configspace, {"x": x}) for x in (0.8, 0.9)]
    for config in failed:
        intensifier.runhistory.add(
            config, crash_cost, seed=0, budget=1.0, status=StatusType.CRASHED, additional_info={}
        )
    intensifier._n_configs_in_stage = {0: [3, 2]}
    assert intensifier._get_best_configs([*failed, *configs], 0, 0, [KEY]) == configs
    assert intensifier._get_best_configs(failed, 0, 0, [KEY]) == []  # all of a rung


@pytest.mark.parametrize("eta", [1.0, 0.5, np.nan])
def test_eta_is_checked(tmp_path: Path, eta: float) -> None:
    with pytest.raises(ValueError, match="eta must be larger than 1"):
        EnergyHyperband(scenario(tmp_path), eta)


@pytest.mark.parametrize("weight", [0.1, np.nan])
def test_the_weight_is_checked(tmp_path: Path, weight: float) -> None:
    with pytest.raises(ValueError, match="reward_exponent must be at most 0"):
        EnergyHyperband(scenario(tmp_path), reward_exponent=weight)


@pytest.mark.parametrize("fidelity", ["cut", "schedule", "kwh"])
def test_two_objectives_over_several_rungs(tmp_path: Path, fidelity: Any) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity=fidelity, objectives=("error", "energy_kwh"))
    for seed in range(2):
        setting = energy_scenario(target, name=str(seed), output_directory=tmp_path, seed=seed)
        facade = multi_fidelity(
            tmp_path, budget_kwh=0.1, target=target, scenario=setting, n_startup_trials=10
        )
        front = facade.optimize()
        assert isinstance(front, list)
        assert front
        assert 0.09 < facade.spent_kwh <= 0.1 * (1 + 1e-9)


def test_rungs_that_smac_cannot_compare_are_refused(tmp_path: Path) -> None:
    both = scenario(tmp_path, objectives=["error", "energy_kwh"])
    with pytest.raises(ValueError, match="incumbent_selection must be 'highest_budget'"):
        EnergyHyperband(both, incumbent_selection="any_budget")


@pytest.mark.parametrize("lowest", [0.0, -1.0])
def test_rungs_are_checked(tmp_path: Path, lowest: float) -> None:
    for make in (EnergyHyperband, ScheduleIntensifier):
        with pytest.raises(ValueError, match="min_budget must be positive and finite but got"):
            make(scenario(tmp_path, low=lowest))
