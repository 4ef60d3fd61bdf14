from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    Integer,
    OrdinalHyperparameter,
)
from smac import Scenario

from eahas_plugins.smac import (
    EnergyMultiFidelityFacade,
    ScheduleIntensifier,
    SurrogateTarget,
    energy_scenario,
    schedule_components,
)
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import QUIET, energies, trials

SHORTEST, LONGEST = 5.0, 20.0
BUDGET_KWH = 0.3


def facade(folder: Path, *, budget_kwh: float = BUDGET_KWH, **kwargs: Any) -> Any:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    n_workers = kwargs.pop("n_workers", 1)
    scenario = energy_scenario(
        target,
        name="run",
        output_directory=folder,
        seed=kwargs.pop("seed", 1),
        n_workers=n_workers,
    )
    return EnergyMultiFidelityFacade(
        scenario, target, budget_kwh=budget_kwh, logging_level=QUIET, **kwargs
    )


def test_short_schedules_then_the_best_then_long_ones(tmp_path: Path) -> None:
    host = facade(tmp_path)
    host.optimize()
    bench, spent, later, promoted = PowerLawBench(), 0.0, 0, 0
    tried: dict[int, float] = {}
    budgets = [key.budget for key in host.runhistory]
    assert budgets[:12] == ([SHORTEST] * 4 + [LONGEST]) * 2 + [SHORTEST] * 2
    for number, (key, value) in enumerate(host.runhistory.items()):
        config = dict(host.runhistory.get_config(key.config_id))
        needed = bench.query({**config, "max_epoch": LONGEST}).energy_kwh[-1]
        is_new = key.config_id not in tried
        if spent + needed > BUDGET_KWH:
            assert key.budget == SHORTEST
        elif number >= 12 and spent > 0.35 * BUDGET_KWH:
            assert key.budget == LONGEST
            later += is_new
        elif is_new:
            assert key.budget == SHORTEST
        if not is_new:
            assert (tried[key.config_id], key.budget) == (SHORTEST, LONGEST)
            promoted += number >= 12
        tried[key.config_id] = key.budget
        spent += value.additional_info["energy_kwh"]
    assert later >= 4
    assert promoted >= 1
    assert 0.95 * BUDGET_KWH < spent <= BUDGET_KWH
    assert len({(k.config_id, k.budget) for k in host.runhistory}) == len(host.runhistory)


@pytest.mark.parametrize("how", [{"promotes": False}, {"short_until": 0.0}, {"short_until": 1.0}])
def test_each_part_can_be_switched_off(tmp_path: Path, how: dict[str, Any]) -> None:
    target = SurrogateTarget(PowerLawBench(), fidelity="schedule")
    setting = energy_scenario(target, name="run", output_directory=tmp_path, seed=1)
    intensifier = ScheduleIntensifier(setting, n_startup_trials=6, **how)
    design = schedule_components(setting, n_startup_trials=6)["initial_design"]
    host = EnergyMultiFidelityFacade(
        setting,
        target,
        budget_kwh=0.15,
        intensifier=intensifier,
        initial_design=design,
        logging_level=QUIET,
    )
    host.optimize()
    first: dict[int, float] = {}
    for key in host.runhistory:
        first.setdefault(key.config_id, key.budget)
    n_trained_twice = len(host.runhistory) - len(first)
    new = list(first.values())[6:]
    if how == {"promotes": False}:
        assert n_trained_twice == 0
    elif how == {"short_until": 0.0}:
        assert new[0] == LONGEST
    else:
        assert set(new) == {SHORTEST}
        assert n_trained_twice > 1


def test_it_finds_more_than_random_configurations_with_the_same_energy(tmp_path: Path) -> None:
    ours, random = [], []
    for seed in range(3):
        host = facade(tmp_path / str(seed), seed=seed)
        host.optimize()
        ours.append(min(v.cost for v in host.runhistory.values()))
        bench, spent, best = PowerLawBench(seed=seed), 0.0, 1.0
        while spent < BUDGET_KWH:
            run = bench.query(bench.space.sample_configuration())
            spent += run.energy_kwh[-1]
            best = min(best, 1.0 - run.val_accuracy[-1])
        random.append(best)
    assert np.mean(ours) < np.mean(random)


def test_the_same_seed_gives_the_same_trials_and_a_higher_cap_goes_on(tmp_path: Path) -> None:
    first, second = (facade(tmp_path / name, budget_kwh=0.1) for name in "ab")
    first.optimize()
    second.optimize()
    assert trials(first.runhistory) == trials(second.runhistory)
    again = facade(tmp_path / "a", budget_kwh=0.16)
    again.optimize()
    assert trials(again.runhistory)[: len(first.runhistory)] == trials(first.runhistory)
    assert 0.15 < sum(energies(again.runhistory)) <= 0.16


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_workers_train_nothing_twice(tmp_path: Path) -> None:
    host = facade(tmp_path, n_workers=3, n_startup_trials=6)
    host.optimize()
    host.close()
    tried = [(k.config_id, k.budget) for k in host.runhistory]
    assert len(set(tried)) == len(tried) > 10
    assert {budget for _, budget in tried} == {SHORTEST, LONGEST}
    assert 0.9 * BUDGET_KWH < host.spent_kwh <= BUDGET_KWH


def crashing(config: Any, seed: int = 0, budget: float = 1.0) -> Any:
    """A training that runs out of memory on its way to the best configuration."""
    if config["x"] > 0.7:
        raise MemoryError
    return 1.0 - 0.5 * config["x"] - 0.01 * budget, {"energy_kwh": 1e-3 * budget}


crashing.fidelity = "schedule"  # type: ignore[attr-defined]


def test_crashes_are_learnt(tmp_path: Path) -> None:
    host = EnergyMultiFidelityFacade(
        scenario(tmp_path, crash_cost=1.0, n_trials=80, deterministic=True),
        crashing,
        budget_kwh=10.0,
        logging_level=QUIET,
    )
    host.optimize()
    places = [host.runhistory.get_config(key.config_id)["x"] for key in host.runhistory]
    assert sum(x > 0.72 for x in places) < 10  # the best is at the border, which is looked at
    assert all(x < 0.72 for x in places[-20:])


def test_a_small_space_is_used_up(tmp_path: Path) -> None:
    def train(config: Any, seed: int = 0, budget: float = 1.0) -> Any:
        return 0.1 * config["n"] + 0.01 * budget, {"energy_kwh": 1e-3 * budget}

    train.fidelity = "schedule"  # type: ignore[attr-defined]
    space = ConfigurationSpace()
    space.add(OrdinalHyperparameter("n", list(range(12))))
    host = EnergyMultiFidelityFacade(
        scenario(tmp_path, space=space, crash_cost=1.0, deterministic=True),
        train,
        budget_kwh=1.0,
        logging_level=QUIET,
    )
    host.optimize()
    assert sorted(k.budget for k in host.runhistory) == [1.0] * 12 + [4.0] * 12


def test_what_was_lost_with_a_killed_run_is_run_again(tmp_path: Path) -> None:
    killed = facade(tmp_path)
    asked = [killed.ask() for _ in range(3)]
    killed.tell(asked[1], killed.evaluate(asked[1]))
    killed.optimizer.save()
    host = facade(tmp_path)
    host.optimize()
    trained = {
        tuple(sorted(dict(host.runhistory.get_config(k.config_id)).items()))
        for k in host.runhistory
    }
    assert {tuple(sorted(dict(info.config).items())) for info in asked} <= trained


def test_forbidden_and_inactive_values_are_not_proposed(tmp_path: Path) -> None:
    space = ConfigurationSpace(seed=0)
    kind, depth = Categorical("kind", ["a", "b"]), Integer("depth", (1, 4))
    space.add([kind, depth, Float("x", (0.0, 1.0)), Constant("batch", 10)])
    space.add(EqualsCondition(depth, kind, "a"))
    space.add(
        ForbiddenAndConjunction(ForbiddenEqualsClause(kind, "a"), ForbiddenEqualsClause(depth, 4))
    )

    def train(config: Any, seed: int = 0, budget: float = 1.0) -> Any:
        return 2.0 - config["x"] - 0.2 * config.get("depth", 1), {"energy_kwh": 1e-3 * budget}

    train.fidelity = "schedule"  # type: ignore[attr-defined]
    host = EnergyMultiFidelityFacade(
        scenario(tmp_path, space=space, crash_cost=9.0, deterministic=True),
        train,
        budget_kwh=0.06,
        logging_level=QUIET,
    )
    host.optimize()
    configs = [dict(config) for config in host.runhistory.get_configs()]
    assert len(configs) > 15
    assert all(("depth" in c) == (c["kind"] == "a") for c in configs)
    assert sum(c.get("depth") == 3 for c in configs[10:]) > 3  # the best that is allowed
    assert all(c.get("depth") != 4 for c in configs)


def scenario(folder: Path, space: ConfigurationSpace | None = None, **kwargs: Any) -> Scenario:
    if space is None:
        space = ConfigurationSpace(seed=0)
        space.add(Float("x", (0.0, 1.0)))
    return Scenario(
        space, output_directory=folder, **{"min_budget": 1.0, "max_budget": 4.0, **kwargs}
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cooling": -1.0}, "cooling must be finite and not negative"),
        ({"cooling": np.nan}, "cooling must be finite and not negative"),
        ({"short_until": -0.1}, "short_until must be between 0 and 1"),
        ({"n_startup_trials": 0}, "n_startup_trials must be at least 1"),
    ],
)
def test_arguments_are_checked(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScheduleIntensifier(scenario(tmp_path), **wrong)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "other",
    [
        {"instances": ["a"], "instance_features": {"a": [0.0]}},
        {"objectives": ["error", "energy_kwh"]},
        {"min_budget": 4.0},
    ],
)
def test_other_scenarios_are_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one objective and no instances"):
        ScheduleIntensifier(scenario(tmp_path, **other))


def test_where_everything_fails_on_the_highest_rung_it_is_tried_now_and_then(
    tmp_path: Path,
) -> None:
    short = SurrogateTarget(PowerLawBench(), fidelity="schedule")

    def train(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
        cost, info = short(config, seed, budget)
        if budget == LONGEST:
            attempt.report(1e-4)
            raise MemoryError
        return cost, info

    scenario = energy_scenario(short, name="run", output_directory=tmp_path, seed=1, n_trials=40)
    host = EnergyMultiFidelityFacade(
        scenario,
        train,
        budget_kwh=1.0,
        intensifier=ScheduleIntensifier(scenario),
        logging_level=QUIET,
    )
    host.optimize()
    numbers = [n for n, key in enumerate(host.runhistory) if key.budget == LONGEST]
    assert 6 <= len(numbers) <= 8  # one of five
    assert max(numbers) > 30
    tried = [key.config_id for key in host.runhistory if key.budget == LONGEST]
    assert len(set(tried)) == len(tried)
