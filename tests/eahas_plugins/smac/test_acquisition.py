from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ConfigSpace import (
    Categorical,
    Configuration,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    Integer,
    OrdinalHyperparameter,
)
from smac import Scenario
from smac.acquisition.function.expected_improvement import EI
from smac.runhistory import RunHistory
from smac.runhistory.encoder.log_scaled_encoder import RunHistoryLogScaledEncoder

from eahas_plugins.smac import EnergyBudgetCallback, EnergyEI
from tests.eahas_plugins.smac.helpers import forest


def everything() -> ConfigurationSpace:
    """Every kind of hyperparameter, and one that is only sometimes there."""
    space = ConfigurationSpace(seed=3)
    extra = Integer("extra", (1, 9))
    switch = Categorical("switch", ["on", "off"])
    space.add(
        [
            Integer("width", (4, 256), log=True),
            Float("lr", (1e-3, 1.0), log=True),
            OrdinalHyperparameter("steps", [1, 2, 4]),
            OrdinalHyperparameter("size", ["s", "m", "l"]),
            switch,
            extra,
        ]
    )
    space.add(EqualsCondition(extra, switch, "on"))
    return space


def trained(
    folder: Path, function: EI, *, spent_kwh: float = 0.0, n: int = 40
) -> tuple[EI, np.ndarray, list[Configuration]]:
    scenario = Scenario(everything(), name="run", output_directory=folder, n_trials=100)
    history = RunHistory()
    for config in scenario.configspace.sample_configuration(n):
        kwh = 1e-4 * config["width"] * (4 if config["size"] == "l" else 1)
        history.add(config, 0.5 + 0.01 * config["steps"], additional_info={"energy_kwh": kwh})
    account = EnergyBudgetCallback(10.0)
    if spent_kwh:
        account.balance = lambda: _Spent(spent_kwh)  # type: ignore[method-assign, assignment]
    encoder = RunHistoryLogScaledEncoder(scenario)
    encoder.runhistory = history
    X, Y = encoder.transform()
    model = forest(scenario)
    model.train(X, Y)
    if isinstance(function, EnergyEI):
        function.attach(scenario, history, account)
    function.update(model=model, eta=float(Y.min()))
    candidates = scenario.configspace.sample_configuration(60)
    return function, function(candidates), candidates


class _Spent:
    def __init__(self, spent_kwh: float) -> None:
        self.spent_kwh = spent_kwh


def test_without_weight_it_is_the_expected_improvement(tmp_path: Path) -> None:
    plain = trained(tmp_path / "a", EI(log=True))[1]
    assert np.array_equal(trained(tmp_path / "b", EnergyEI(cooling=0.0))[1], plain)


def test_a_spent_budget_leaves_the_expected_improvement(tmp_path: Path) -> None:
    plain = trained(tmp_path / "a", EI(log=True))[1]
    function, cooled, _ = trained(tmp_path / "b", EnergyEI(), spent_kwh=10.0)
    assert isinstance(function, EnergyEI)
    assert function.alpha == 0.0
    assert np.array_equal(cooled, plain)


def test_too_few_trainings_leave_the_expected_improvement(tmp_path: Path) -> None:
    plain = trained(tmp_path / "a", EI(log=True), n=8)[1]
    assert np.array_equal(trained(tmp_path / "b", EnergyEI(min_observations=9), n=8)[1], plain)


def test_it_is_the_improvement_per_kwh_to_the_power_alpha(tmp_path: Path) -> None:
    plain = trained(tmp_path / "a", EI(log=True))[1][:, 0]
    function, cooled, candidates = trained(tmp_path / "b", EnergyEI(), spent_kwh=5.0)
    assert isinstance(function, EnergyEI)
    assert function.alpha == 0.5
    kwh = np.array([1e-4 * c["width"] * (4 if c["size"] == "l" else 1) for c in candidates])
    hopeful = plain > 0.0
    assert hopeful.sum() > 20
    ratio = cooled[hopeful, 0] / (plain[hopeful] / np.sqrt(kwh[hopeful]))
    assert np.exp(np.std(np.log(ratio))) < 1.15  # the regression's error alone
    assert np.all(cooled[~hopeful, 0] == 0.0)


def test_energy_has_steps_so_that_a_local_search_does_not_climb_it(tmp_path: Path) -> None:
    plain = trained(tmp_path / "a", EI(log=True))[1][:, 0]
    cooled = trained(tmp_path / "b", EnergyEI(), spent_kwh=5.0)[1][:, 0]
    hopeful = plain > 0.0
    steps = np.log(plain[hopeful] / cooled[hopeful]) / 0.5 / 0.1
    assert np.allclose(steps, np.round(steps), atol=1e-6)


@pytest.mark.parametrize("cooling", [-1.0, np.nan, np.inf])
def test_cooling_is_checked(cooling: float) -> None:
    with pytest.raises(ValueError, match="cooling must be finite and not negative"):
        EnergyEI(cooling=cooling)


def test_the_number_of_trainings_is_checked() -> None:
    with pytest.raises(ValueError, match="min_observations must be at least 2"):
        EnergyEI(min_observations=1)
