"""Rungs at which a training pauses, in the hosts that make them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace
from smac import Scenario

from eahas_plugins.optuna import EnergyObjective
from eahas_plugins.smac import EnergyMultiFidelityFacade, EnergyTarget, energy_scenario
from eahas_plugins.targets.rungs import check_whole_rungs, whole_rung
from tests.eahas_plugins.meters import Counter

SPACE = ConfigurationSpace({"x": (0.0, 1.0)}, seed=0)


def train(config: dict[str, Any], training: Any) -> None:
    training.report(0.5)


@pytest.mark.parametrize(("rung", "step"), [(0.5, 1.0), (1.6, 2.0), (10 / 3, 3.0), (27, 27.0)])
def test_a_rung_is_the_nearest_whole_step(rung: float, step: float) -> None:
    assert whole_rung(rung) == step


@pytest.mark.parametrize("rung", [0.49, 0.0, -3.0, float("nan")])
def test_less_than_a_step_is_no_rung(rung: float) -> None:
    with pytest.raises(ValueError, match="budget must be at least 1 with fidelity 'continue'"):
        whole_rung(rung)


def test_two_rungs_at_one_step_are_refused() -> None:
    check_whole_rungs([1.0, 2.0, 4.0])
    with pytest.raises(ValueError, match=r"different whole numbers .* 0\.5, 1, 2 are 1, 1, 2"):
        check_whole_rungs([0.5, 1.0, 2.0])


@pytest.mark.parametrize(("low", "high", "eta"), [(1, 4, 1.4), (0.5, 1.0, 2.0)])
def test_smac_refuses_them_before_it_trains(
    low: float, high: float, eta: float, tmp_path: Path
) -> None:
    target = EnergyTarget(train, Counter(), fidelity="continue")
    scenario = Scenario(
        SPACE, deterministic=True, min_budget=low, max_budget=high, output_directory=tmp_path
    )
    with pytest.raises(ValueError, match="rungs must be different whole numbers of steps"):
        EnergyMultiFidelityFacade(
            scenario,
            target,
            budget_kwh=1.0,
            intensifier=EnergyMultiFidelityFacade.get_intensifier(scenario, eta=eta),
        )


def test_optuna_pauses_at_whole_steps() -> None:
    with pytest.raises(ValueError, match=r"whole numbers of steps .* but got \[2, 2.5\]"):
        EnergyObjective(
            train, SPACE, fidelity_param="epochs", schedules=[2, 2.5], fidelity="continue"
        )


@pytest.mark.parametrize("fidelity", ["continue", "schedule"])
def test_smacs_instances_are_no_lengths(fidelity: Any, tmp_path: Path) -> None:
    target = EnergyTarget(train, Counter(), fidelity=fidelity, fidelity_param="epochs")
    scenario = Scenario(
        SPACE,
        instances=["a", "b", "c"],
        instance_features={"a": [0], "b": [1], "c": [2]},
        min_budget=1,
        max_budget=3,
        output_directory=tmp_path,
    )
    with pytest.raises(ValueError, match=f"instances must not be given with fidelity '{fidelity}'"):
        EnergyMultiFidelityFacade(scenario, target, budget_kwh=1.0)


def test_a_run_with_a_seed_of_its_own_pauses_and_goes_on(tmp_path: Path) -> None:
    meter, begun = Counter(), []

    def pausing(config: dict[str, Any], training: Any) -> None:
        begun.append((training.seed, training.budget, training.epochs))
        for epoch in range(training.epochs + 1, int(training.budget) + 1):
            meter.energy_kwh += 1.0
            (training.checkpoint / "epoch").write_text(str(epoch))
            if training.report(loss=config["x"] + 1.0 / epoch):
                return

    target = EnergyTarget(pausing, meter, fidelity="continue", metric="loss", direction="minimize")
    scenario = energy_scenario(
        target,
        space=SPACE,
        name="seeds",
        output_directory=tmp_path,
        seed=1,
        min_budget=1,
        max_budget=9,
        crash_cost=9.0,
        deterministic=False,
    )
    facade = EnergyMultiFidelityFacade(scenario, target, budget_kwh=40.0, logging_level=40)
    facade.optimize()
    assert facade.spent_kwh == meter.energy_kwh - Counter.energy_kwh <= 40.0
    assert {(3.0, 1), (9.0, 3)} & {(budget, epochs) for _, budget, epochs in begun}
    assert len({seed for seed, _, _ in begun}) == 1  # Hyperband has one where it has rungs
