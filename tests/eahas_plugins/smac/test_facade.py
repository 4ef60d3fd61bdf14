"""The facades: budget, decisions, ask-and-tell, arguments."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from smac import MultiFidelityFacade
from smac.facade.hyperparameter_optimization_facade import HyperparameterOptimizationFacade
from smac.runhistory import StatusType, TrialValue

from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    SurrogateTarget,
    energy_scenario,
)
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import (
    QUIET,
    energies,
    forest,
    full_fidelity,
    maximizer,
    multi_fidelity,
    trials,
)

CRASHES = SurrogateTarget(PowerLawBench())


@pytest.mark.parametrize("fidelity", ["cut", "schedule", "kwh"])
def test_the_budget_is_used_and_not_exceeded(tmp_path: Path, fidelity: Any) -> None:
    facade = multi_fidelity(tmp_path, budget_kwh=0.02, fidelity=fidelity, n_startup_trials=50)
    facade.optimize()
    assert facade.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))
    assert 0.02 - 1.7e-3 < facade.spent_kwh <= 0.02 * (1 + 1e-9)  # 1.7e-3 is the dearest epoch
    assert {v.status for v in facade.runhistory.values()} == {StatusType.SUCCESS}
    assert facade.runhistory.running == 0


def test_skip_ends_before_a_trial_that_cannot_be_paid(tmp_path: Path) -> None:
    facade = full_fidelity(tmp_path, budget_kwh=0.05, shortfall="skip", n_startup_trials=50)
    facade.optimize()
    history = facade.runhistory
    assert facade.spent_kwh <= 0.05
    assert not any(v.additional_info["truncated"] for v in history.values())
    with pytest.raises(StopIteration):
        facade.ask()


def test_a_limit_per_trial_cuts_every_trial(tmp_path: Path) -> None:
    facade = full_fidelity(tmp_path, budget_kwh=0.02, trial_limit_kwh=2e-3, n_startup_trials=50)
    facade.optimize()
    assert max(energies(facade.runhistory)) <= 2e-3
    infos = [value.additional_info for value in facade.runhistory.values()]
    cut = [info["limited"] for info in infos if info["truncated"]]
    assert len(cut) > 5
    assert cut == [*[True] * (len(cut) - 1), False]  # only the last by the cap
    assert 2e-2 - 2e-3 < facade.spent_kwh <= 2e-2


def test_a_limit_that_nobody_can_hold_is_refused(tmp_path: Path) -> None:
    def target(config: Any, seed: int = 0) -> Any:
        return 0.5, {"energy_kwh": 1e-2}

    scenario = energy_scenario(SurrogateTarget(PowerLawBench()), output_directory=tmp_path)
    with pytest.raises(ValueError, match="trial_limit_kwh must be None where no trial can be cut"):
        full_fidelity(
            tmp_path, budget_kwh=0.02, trial_limit_kwh=2e-3, target=target, scenario=scenario
        )


@pytest.mark.parametrize(
    ("energy_aware", "plain", "small"),
    [
        (EnergyMultiFidelityFacade, MultiFidelityFacade, multi_fidelity),
        (
            EnergyHyperparameterOptimizationFacade,
            HyperparameterOptimizationFacade,
            full_fidelity,
        ),
    ],
)
def test_without_weights_it_decides_as_smac_does(
    tmp_path: Path, energy_aware: Any, plain: Any, small: Any
) -> None:
    target = SurrogateTarget(PowerLawBench())
    scenario = energy_scenario(
        target, name="plain", output_directory=tmp_path, seed=2, n_trials=26, max_budget=19
    )
    host = plain(
        scenario,
        target,
        initial_design=plain.get_initial_design(scenario, n_configs=6),
        acquisition_maximizer=maximizer(scenario),
        model=forest(scenario),
        logging_level=QUIET,
    )
    host.optimize()
    scenario = energy_scenario(
        target, name="aware", output_directory=tmp_path, seed=2, n_trials=26, max_budget=19
    )
    facade = small(
        tmp_path,
        budget_kwh=1e6,
        scenario=scenario,
        reward_exponent=0.0,
        cooling=0.0,
        n_startup_trials=6,
    )
    facade.optimize()
    assert isinstance(facade, energy_aware)
    assert len(facade.runhistory) == 26
    assert trials(facade.runhistory) == trials(host.runhistory)


def test_the_same_seed_gives_the_same_trials(tmp_path: Path) -> None:
    first = multi_fidelity(tmp_path / "a", budget_kwh=0.025, n_startup_trials=5)
    second = multi_fidelity(tmp_path / "b", budget_kwh=0.025, n_startup_trials=5)
    third = multi_fidelity(tmp_path / "c", budget_kwh=0.025, n_startup_trials=5, seed=9)
    for facade in (first, second, third):
        facade.optimize()
    assert trials(first.runhistory) == trials(second.runhistory)
    assert trials(first.runhistory) != trials(third.runhistory)


def test_both_objectives_end_in_a_front(tmp_path: Path) -> None:
    target = SurrogateTarget(PowerLawBench(), objectives=("error", "energy_kwh"))
    facade = full_fidelity(tmp_path, budget_kwh=0.06, target=target, n_startup_trials=6)
    front = facade.optimize()
    assert isinstance(front, list)
    costs = sorted(facade.runhistory.average_cost(c) for c in front)
    assert len(costs) >= 2
    assert [energy for _, energy in costs] == sorted((e for _, e in costs), reverse=True)
    assert facade.spent_kwh <= 0.1


def test_ask_and_tell_keeps_the_account(tmp_path: Path) -> None:
    facade = multi_fidelity(tmp_path, budget_kwh=0.01, n_startup_trials=50)
    target = SurrogateTarget(PowerLawBench())
    told = []
    while True:
        try:
            info = facade.ask()
        except StopIteration:
            break
        if len(told) < 3:  # evaluated by hand, for example on another machine
            cost, additional = target(info.config, budget=info.budget)
            value = TrialValue(cost=cost, additional_info=additional)
        else:
            value = facade.evaluate(info)
        told.append(value.additional_info["energy_kwh"])
        facade.tell(info, value)
    assert len(told) > 4
    assert facade.spent_kwh == pytest.approx(sum(told))
    assert facade.spent_kwh <= 0.01 * (1 + 1e-9)


@pytest.mark.parametrize("objectives", ["error", ("error", "energy_kwh")])
def test_validating_trains_to_the_end_and_is_none_of_the_runs_business(
    tmp_path: Path, objectives: Any
) -> None:
    """As SMAC's examples do when the run has ended, which is when its energy is spent."""
    target = SurrogateTarget(PowerLawBench(), objectives=objectives)
    facade = full_fidelity(tmp_path, budget_kwh=0.01, target=target, n_startup_trials=6)
    best = facade.optimize()
    best = best[0] if isinstance(best, list) else best
    before = facade.spent_kwh
    cost, _ = target(best)
    wanted = list(cost.values()) if isinstance(cost, dict) else cost
    assert facade.validate(best) == pytest.approx(wanted)
    assert facade.spent_kwh == before
    assert not facade.account.balance().running


def test_rungs_are_validated_on_the_highest_and_only_with_a_target(tmp_path: Path) -> None:
    facade = multi_fidelity(tmp_path, budget_kwh=0.01, n_startup_trials=50)
    facade.optimize()
    config = facade.scenario.configspace.get_default_configuration()
    target = SurrogateTarget(PowerLawBench())
    assert facade.validate(config, seed=3) == pytest.approx(target(config)[0])
    alone = EnergyHyperparameterOptimizationFacade(
        energy_scenario(target, name="alone", output_directory=tmp_path),
        None,
        budget_kwh=1.0,
        logging_level=QUIET,
    )
    with pytest.raises(ValueError, match="target_function must be given to validate"):
        alone.validate(config)


def _asked(facade: Any) -> Iterator[Any]:
    """One more trial, or none when the budget refuses it."""
    with contextlib.suppress(StopIteration):
        yield facade.ask()


def test_two_trials_out_at_once_are_promised_different_energy(tmp_path: Path) -> None:
    facade = full_fidelity(tmp_path, budget_kwh=0.04, n_startup_trials=50)
    infos = list(iter(lambda: next(_asked(facade), None), None))
    assert len(infos) >= 2
    assert facade.account.balance().available_kwh(number=99) < 1.7e-3
    for info in infos:
        facade.tell(info, facade.evaluate(info))
    assert facade.spent_kwh <= 0.04 * (1 + 1e-9)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"budget_kwh": 0.0}, "budget_kwh"),
        ({"budget_kwh": float("nan")}, "budget_kwh"),
        ({"budget_kwh": 1.0, "shortfall": "stop"}, "shortfall must be 'truncate' or 'skip'"),
        ({"budget_kwh": 1.0, "trial_limit_kwh": -1.0}, "trial_limit_kwh"),
        ({"budget_kwh": 1.0, "cooling": float("nan")}, "cooling must be finite"),
        ({"budget_kwh": 1.0, "reward_exponent": 0.1}, "reward_exponent must be at most 0"),
        ({"budget_kwh": 1.0, "n_startup_trials": 0}, "n_startup_trials must be at least 1"),
        ({"budget_kwh": 1.0, "n_startup_trials": 3.5}, "n_startup_trials must be a whole number"),
        ({"budget_kwh": 1.0, "n_startup_trials": "5"}, "n_startup_trials must be a whole number"),
        ({"budget_kwh": 1.0, "n_startup_trials": True}, "n_startup_trials must be a whole number"),
        ({"budget_kwh": 1.0, "target": "run.sh"}, "target_function must be callable"),
    ],
)
def test_arguments_are_checked(tmp_path: Path, kwargs: Any, message: str) -> None:
    scenario = energy_scenario(CRASHES, name="run", output_directory=tmp_path)
    with pytest.raises(ValueError, match=message):
        multi_fidelity(tmp_path, scenario=scenario, **kwargs)
