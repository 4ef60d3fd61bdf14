"""Finite spaces are used up, and a trial that is refused does not end the others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Integer
from smac import Scenario
from smac.runhistory import RunHistory, TrialValue

from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    admission,
)
from tests.eahas_plugins.smac.helpers import QUIET


def flat(config: Any, seed: int = 0) -> Any:
    return 0.01 * config["a"], {"energy_kwh": 0.01}


def rising(config: Any, seed: int = 0, budget: float = 1.0) -> Any:
    return 0.01 * config["a"] - 1e-3 * budget, {"energy_kwh": 0.01}


class Schedules:
    """The same training, whose rungs are complete schedules."""

    fidelity = "schedule"

    def __call__(self, config: Any, seed: int = 0, budget: float = 1.0) -> Any:
        return rising(config, seed, budget)


def scenario(folder: Path, space: ConfigurationSpace, **kwargs: Any) -> Scenario:
    defaults = {"deterministic": True, "n_trials": 500, "crash_cost": 1.0}
    return Scenario(space, name="run", output_directory=folder, **{**defaults, **kwargs})


def numbers(n: int) -> ConfigurationSpace:
    return ConfigurationSpace({"a": list(range(n))}, seed=0)


@pytest.mark.filterwarnings("ignore:Mean of empty slice")  # SMAC's timing of a local search
@pytest.mark.filterwarnings("ignore:invalid value encountered in scalar divide")
@pytest.mark.parametrize("n", [1, 3, 40])
def test_complete_trainings_try_everything_once(tmp_path: Path, n: int) -> None:
    facade = EnergyHyperparameterOptimizationFacade(
        scenario(tmp_path, numbers(n)), flat, budget_kwh=10.0, logging_level=QUIET
    )
    best = facade.optimize()
    assert dict(best) == {"a": 0}  # type: ignore[arg-type]
    assert len(facade.runhistory) == n
    assert facade.spent_kwh == pytest.approx(0.01 * n)
    assert facade.optimize() == best  # nothing is left: at once the same


def test_several_seeds_of_the_best_are_tried_before_the_end(tmp_path: Path) -> None:
    facade = EnergyHyperparameterOptimizationFacade(
        scenario(tmp_path, numbers(3), deterministic=False),
        flat,
        budget_kwh=10.0,
        logging_level=QUIET,
    )
    best = facade.optimize()
    seeds = Counter(dict(facade.runhistory.get_config(k.config_id))["a"] for k in facade.runhistory)
    assert set(seeds) == {0, 1, 2}
    assert seeds[0] == 3  # the facade's `max_config_calls`
    assert dict(best) == {"a": 0}  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [2, 3, 30])
def test_hyperband_tries_everything_and_promotes_the_best_of_its_last_batch(
    tmp_path: Path, n: int
) -> None:
    facade = EnergyMultiFidelityFacade(
        scenario(tmp_path, numbers(n), min_budget=1, max_budget=9),
        rising,
        budget_kwh=10.0,
        logging_level=QUIET,
    )
    best = facade.optimize()
    tried = {key.config_id for key in facade.runhistory}
    assert len(tried) == n
    assert dict(best) == {"a": 0}  # type: ignore[arg-type]
    rungs = Counter(key.budget for key in facade.runhistory)
    assert rungs[3.0] >= 1
    assert rungs[9.0] >= 1


@pytest.mark.parametrize("n", [3, 30])
def test_schedules_train_everything_long(tmp_path: Path, n: int) -> None:
    facade = EnergyMultiFidelityFacade(
        scenario(tmp_path, numbers(n), min_budget=1, max_budget=9),
        Schedules(),
        budget_kwh=10.0,
        logging_level=QUIET,
    )
    facade.optimize()
    rungs = Counter(key.budget for key in facade.runhistory)
    assert rungs[9.0] == n  # some of them at once
    assert min(n, 10) <= rungs[1.0] <= n


def test_a_space_with_conditions_is_used_up(tmp_path: Path) -> None:
    space = ConfigurationSpace(seed=0)
    kind, extra = Categorical("kind", ["plain", "more"]), Integer("a", (1, 4))
    space.add([kind, extra])
    space.add(EqualsCondition(extra, kind, "more"))

    def target(config: Any, seed: int = 0) -> Any:
        return float(dict(config).get("a", 0)), {"energy_kwh": 0.01}

    facade = EnergyHyperparameterOptimizationFacade(
        scenario(tmp_path, space), target, budget_kwh=10.0, logging_level=QUIET
    )
    facade.optimize()
    assert len(facade.runhistory) == 5


def test_nothing_left_is_not_final_while_a_trial_is_out(tmp_path: Path) -> None:
    """Asked when every configuration has been handed out: none now, a promotion afterwards."""
    facade = EnergyMultiFidelityFacade(
        scenario(tmp_path, numbers(2), min_budget=1, max_budget=9),
        Schedules(),
        budget_kwh=10.0,
        logging_level=QUIET,
    )
    out = [facade.ask(), facade.ask()]
    with pytest.raises(StopIteration):
        facade.ask()
    assert facade.account.waiting
    for info in out:
        facade.tell(info, TrialValue(cost=0.5, additional_info={"energy_kwh": 0.01}))
    assert facade.ask().budget == 9.0


class Priced:
    """The dearer a configuration, the larger its number; a third of them are not affordable."""

    def estimate(self, config: Any, *, seed: Any, budget: Any, paid_kwh: float) -> Any:
        from eahas_plugins.targets import EnergyEstimate

        return EnergyEstimate(total_kwh=self.price(config))

    def price(self, config: Any) -> float:
        return 100.0 if config["a"] % 3 == 0 else 0.01

    def __call__(self, config: Any, seed: int = 0) -> Any:
        return 0.01 * config["a"], {"energy_kwh": self.price(config)}


def test_a_dear_trial_is_skipped_and_the_others_are_tried(tmp_path: Path) -> None:
    facade = EnergyHyperparameterOptimizationFacade(
        scenario(tmp_path, numbers(12)),
        Priced(),
        budget_kwh=10.0,
        shortfall="skip",
        logging_level=QUIET,
    )
    facade.optimize()
    tried = {int(facade.runhistory.get_config(k.config_id)["a"]) for k in facade.runhistory}
    assert tried == {a for a in range(12) if a % 3}


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.filterwarnings("ignore:invalid value encountered in scalar divide")
@pytest.mark.parametrize(
    ("kind", "target", "rungs"),
    [
        (EnergyHyperparameterOptimizationFacade, flat, {}),
        (EnergyMultiFidelityFacade, rising, {"min_budget": 1, "max_budget": 3}),
        (EnergyMultiFidelityFacade, Schedules(), {"min_budget": 1, "max_budget": 3}),
    ],
)
@pytest.mark.parametrize("values", [["x", "y"], [True, False]])
def test_a_run_that_goes_on_knows_what_has_been_tried(
    tmp_path: Path, kind: Any, target: Any, rungs: dict[str, Any], values: list[Any]
) -> None:
    def facade() -> Any:
        space = ConfigurationSpace({"a": [0, 1, 2]}, seed=0)
        space.add(Categorical("b", values))
        return kind(
            scenario(tmp_path, space, **rungs), target, budget_kwh=10.0, logging_level=QUIET
        )

    facade().optimize()
    again = facade()
    again.optimize()
    history = again.runhistory
    tried = Counter(
        (str(dict(history.get_config(key.config_id))), key.seed, key.budget) for key in history
    )
    assert set(tried.values()) == {1}
    assert len({config for config, _, _ in tried}) == 6


def test_what_was_tried_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else every ask of a long run takes longer than the one before."""
    space, history = numbers(60), RunHistory()
    for config in space.sample_configuration(20):
        history.add(config, cost=0.5)
    of_history = Counter({id(config): 0 for config in history.get_configs()})

    def values_of(config: Any) -> str:
        of_history.update([id(config)] if id(config) in of_history else [])
        return str(config["a"])

    monkeypatch.setattr(admission, "_values_of", values_of)
    untried = admission.UntriedConfigurations(iter(()), space, history)
    left = [int(config["a"]) for config in untried]
    assert sorted([*left, *(int(c["a"]) for c in history.get_configs())]) == list(range(60))
    assert set(of_history.values()) == {1}
