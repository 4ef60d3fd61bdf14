"""A run of SMAC that ends when a kWh is not worth its price."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace
from smac import MultiFidelityFacade, Scenario
from smac.runhistory import TrialValue

from eahas_plugins.smac import EnergyPriceCallback, SurrogateTarget, energy_scenario
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import QUIET, forest, full_fidelity, maximizer, multi_fidelity

HOW: dict[str, Any] = {"budget_kwh": 1.0, "n_startup_trials": 10, "price_kwh": 1e9}


@pytest.mark.parametrize("fidelity", ["schedule", "cut", "kwh"])
def test_a_high_price_ends_a_run_of_any_fidelity(
    tmp_path: Path, said: Callable[[], str], fidelity: str
) -> None:
    host = multi_fidelity(tmp_path, fidelity=fidelity, **HOW)
    host.optimize()
    assert 12 <= len(host.runhistory) <= 16  # what the budget cuts is not complete
    assert host.price_end is not None
    assert 0.0 <= host.price_end.expected_per_kwh < host.price_end.price_per_kwh == 1e9
    assert host.spent_kwh < 1.0
    assert said().splitlines()[-1].startswith(f"the run ends: {host.price_end}; ")


def test_complete_trainings_have_a_price(tmp_path: Path) -> None:
    host = full_fidelity(tmp_path, **HOW)
    host.optimize()
    assert len(host.runhistory) == 12
    assert host.price_end is not None
    more = full_fidelity(tmp_path, **{**HOW, "price_kwh": None})
    more.optimize()
    assert len(more.runhistory) > 12
    assert more.price_end is None


def test_who_asks_and_tells_is_told_that_it_ends(tmp_path: Path) -> None:
    host = multi_fidelity(tmp_path, fidelity="schedule", **HOW)
    for _ in range(12):
        assert host.price_end is None
        info = host.ask()
        host.tell(info, host.evaluate(info))
    with pytest.raises(StopIteration, match="stopped: the best next training"):
        host.ask()


def scenario(folder: Path, **how: Any) -> Scenario:
    space = ConfigurationSpace({"x": (0.0, 1.0)}, seed=0)
    how = {"min_budget": 1, "max_budget": 9, "deterministic": True, "seed": 1, **how}
    return Scenario(space, output_directory=folder, n_trials=60, **how)


def test_smacs_own_facade_may_have_a_price(tmp_path: Path) -> None:
    def train(config: Any, seed: int = 0, budget: float = 1.0) -> Any:
        return 1.0 - config["x"] + 1.0 / budget, {"energy_kwh": 1e-3 * budget}

    setting = scenario(tmp_path)
    price = EnergyPriceCallback(1e9, setting)
    host = MultiFidelityFacade(
        setting,
        train,
        callbacks=[price],
        model=forest(setting),
        acquisition_maximizer=maximizer(setting),
        logging_level=QUIET,
    )
    host.optimize()
    assert len(host.runhistory) == 12
    assert price.end is not None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "other",
    [
        {"objectives": ["error", "energy_kwh"]},
        {"instances": ["a"], "instance_features": {"a": [0.0]}},
    ],
)
def test_a_price_is_of_one_objective(tmp_path: Path, other: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="price_kwh must be None where there are several"):
        EnergyPriceCallback(1.0, scenario(tmp_path, **other))


def test_energies_of_zero_never_end_a_run(tmp_path: Path, said: Callable[[], str]) -> None:
    host = multi_fidelity(tmp_path, fidelity="schedule", **HOW)
    bench = PowerLawBench()
    for _ in range(14):
        info = host.ask()
        run = bench.query({**dict(info.config), "max_epoch": int(info.budget or 0)})
        cost = 1.0 - float(run.val_accuracy[-1])
        host.tell(info, TrialValue(cost, additional_info={"energy_kwh": 0.0}))
    assert host.price_end is None
    assert said().count("EnergyPriceCallback: no training has reported more than 0 kWh") == 1


def test_a_callback_looks_at_one_run(tmp_path: Path) -> None:
    setting = scenario(tmp_path)
    callback = EnergyPriceCallback(1.0, setting)
    for name in ("a", "b"):
        host = multi_fidelity(
            tmp_path, budget_kwh=1.0, fidelity="schedule", callbacks=[callback],
            scenario=energy_scenario(SurrogateTarget(PowerLawBench(), fidelity="schedule"),
                                     name=name, output_directory=tmp_path),
        )  # fmt: skip
        if name == "a":
            host.ask()
        else:
            with pytest.raises(ValueError, match="EnergyPriceCallback must be given to one facade"):
                host.ask()
