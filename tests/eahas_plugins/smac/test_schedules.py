from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    Configuration,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    OrdinalHyperparameter,
)
from smac import Scenario
from smac.runhistory import StatusType, TrialKey, TrialValue

from eahas_plugins.smac import (
    ArdModel,
    EnergyMultiFidelityFacade,
    EnergySchedules,
    SurrogateTarget,
    energy_scenario,
)
from eahas_plugins.smac.process import at_highest_rung
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
    spent, longer, seen = 0.0, 0.0, set()
    later = 0
    for number, (key, value) in enumerate(host.runhistory.items()):
        if number < 10:
            assert key.budget == SHORTEST
        elif spent > 0.35 * BUDGET_KWH:
            assert key.budget == LONGEST
            later += key.config_id not in seen
        elif key.config_id in seen:
            assert key.budget == LONGEST
            assert longer < 0.5 * spent
        else:
            assert key.budget == SHORTEST
            assert longer >= 0.5 * spent
        seen.add(key.config_id)
        spent += value.additional_info["energy_kwh"]
        longer += value.additional_info["energy_kwh"] if key.budget == LONGEST else 0.0
    assert later >= 4
    assert 0.95 * BUDGET_KWH < spent <= BUDGET_KWH
    assert len({(k.config_id, k.budget) for k in host.runhistory}) == len(host.runhistory)


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
    host = facade(tmp_path, n_workers=3, n_initial=6)
    host.optimize()
    host.close()
    tried = [(k.config_id, k.budget) for k in host.runhistory]
    assert len(set(tried)) == len(tried) > 10
    assert {budget for _, budget in tried} == {SHORTEST, LONGEST}
    assert 0.9 * BUDGET_KWH < host.spent_kwh <= BUDGET_KWH


def scenario(folder: Path, **kwargs: Any) -> Scenario:
    space = ConfigurationSpace()
    space.add(Float("x", (0.0, 1.0)))
    return Scenario(space, output_directory=folder, min_budget=1.0, max_budget=4.0, **kwargs)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 1.1}, "share must be between 0 and 1"),
        ({"share": np.nan}, "share must be between 0 and 1"),
        ({"short_until": -0.1}, "short_until must be between 0 and 1"),
        ({"n_startup": 0}, "n_startup must be at least 1"),
    ],
)
def test_arguments_are_checked(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EnergySchedules(scenario(tmp_path), **wrong)


@pytest.mark.filterwarnings("ignore")
def test_instances_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has instances"):
        EnergySchedules(scenario(tmp_path, instances=["a"], instance_features={"a": [0.0]}))


def trial(config_id: int, budget: float, cost: Any) -> tuple[TrialKey, TrialValue]:
    return TrialKey(config_id, None, 0, budget), TrialValue(cost, status=StatusType.SUCCESS)


def test_costs_of_lower_rungs_are_brought_to_the_highest() -> None:
    low = [trial(1, 5.0, 0.4), trial(2, 5.0, 0.2), trial(3, 5.0, 0.3)]
    shown = at_highest_rung(dict([*low, trial(1, 20.0, 0.1), trial(2, 20.0, 0.05)]))
    costs = {(key.config_id, key.budget): value.cost for key, value in shown.items()}
    # Twice a ratio of a quarter, and once of one: 0.3 * (1/4) ** (2/3).
    expected = {(1, 20.0): 0.1, (2, 20.0): 0.05, (3, 5.0): pytest.approx(0.3 * 0.25 ** (2 / 3))}
    assert costs == expected


def test_without_pairs_costs_stay() -> None:
    only = dict([trial(1, 5.0, 0.4), trial(2, 20.0, 0.2), trial(3, 5.0, [0.3, 1.0])])
    assert at_highest_rung(only) == only
    assert at_highest_rung({}) == {}


def everything() -> ConfigurationSpace:
    space = ConfigurationSpace(seed=0)
    kind, extra = Categorical("kind", ["a", "b", "c"]), Float("extra", (0.0, 1.0))
    size = OrdinalHyperparameter("size", [1, 2, 4, 8])
    space.add([kind, extra, size, Float("lr", (1e-3, 1.0), log=True)])
    space.add(EqualsCondition(extra, kind, "a"))
    return space


def test_the_model_learns_every_kind_of_hyperparameter() -> None:
    space = everything()
    configs = space.sample_configuration(120)

    def cost(config: Configuration) -> float:
        return (config["kind"] == "b") + 0.2 * config["size"] + abs(np.log10(config["lr"]) + 1.5)

    X = np.array([config.get_array() for config in configs])
    y = np.array([[cost(config)] for config in configs])
    model = ArdModel(space, seed=0)
    assert not model.is_trained
    with pytest.raises(ValueError, match="must be trained"):
        model.predict(X)
    model.train(X[:80], y[:80])
    mean, variance = model.predict(X[80:])
    assert np.corrcoef(mean[:, 0], y[80:, 0])[0, 1] > 0.95
    assert variance is not None
    deviation = model.predict(X[80:], covariance_type="std")[1]
    np.testing.assert_allclose(deviation, np.sqrt(variance))
    assert model.predict(X[80:], covariance_type=None)[1] is None
    with pytest.raises(ValueError, match="covariance_type must be"):
        model.predict(X[80:], covariance_type="full")


def test_the_model_learns_from_a_bounded_number_of_trials() -> None:
    space = everything()
    X = np.array([config.get_array() for config in space.sample_configuration(50)])
    y = np.arange(50.0)[:, None]
    model = ArdModel(space, max_trials=10)
    model.train(X, y)
    assert model._process is not None
    z = model._process._z
    order = np.argsort(z)
    assert len(z) == 10
    assert order.tolist() == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]  # costs 0 to 4 and 45 to 49
    with pytest.raises(ValueError, match="max_trials must be at least 2"):
        ArdModel(space, max_trials=1)
