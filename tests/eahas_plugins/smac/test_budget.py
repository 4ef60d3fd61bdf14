"""The callback alone, with SMAC's own facades."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from smac import HyperparameterOptimizationFacade, Scenario
from smac.runhistory import StatusType, TrialValue

from eahas_plugins.smac import EnergyBudgetCallback
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import QUIET, energies, forest, maximizer

EACH_KWH = 0.25


def quarter(config: Any, seed: int = 0) -> Any:
    return float(config["lr"]), {"energy_kwh": EACH_KWH}


def plain(folder: Path, callback: EnergyBudgetCallback, target: Any = quarter) -> Any:
    scenario = Scenario(
        PowerLawBench().space,
        name="run",
        output_directory=folder,
        deterministic=True,
        n_trials=50,
        crash_cost=1.0,
    )
    return HyperparameterOptimizationFacade(
        scenario,
        target,
        callbacks=[callback],
        initial_design=HyperparameterOptimizationFacade.get_initial_design(scenario, n_configs=12),
        acquisition_maximizer=maximizer(scenario),
        model=forest(scenario),
        logging_level=QUIET,
    )


@pytest.mark.parametrize(("budget_kwh", "n_trials"), [(1.0, 4), (1.1, 5), (0.1, 1)])
def test_it_stops_before_spending(tmp_path: Path, budget_kwh: float, n_trials: int) -> None:
    callback = EnergyBudgetCallback(budget_kwh)
    facade = plain(tmp_path, callback)
    facade.optimize()
    assert energies(facade.runhistory) == [EACH_KWH] * n_trials
    assert callback.spent_kwh == n_trials * EACH_KWH


def test_a_resumed_run_with_a_larger_cap_goes_on(tmp_path: Path) -> None:
    plain(tmp_path, EnergyBudgetCallback(1.0)).optimize()
    facade = plain(tmp_path, EnergyBudgetCallback(1.5))
    facade.optimize()
    assert energies(facade.runhistory) == [EACH_KWH] * 6


def test_alpha_cools_as_energy_is_spent(tmp_path: Path) -> None:
    callback = EnergyBudgetCallback(1.0)
    facade = plain(tmp_path, callback)
    alphas = []
    for _ in range(4):
        info = facade.ask()
        facade.tell(info, TrialValue(cost=0.5, additional_info={"energy_kwh": EACH_KWH}))
        alphas.append(callback.alpha())
    assert alphas == [0.75, 0.5, 0.25, 0.0]
    with pytest.raises(StopIteration):
        facade.ask()


def test_trials_in_flight_are_promised_what_finished_ones_took(tmp_path: Path) -> None:
    callback = EnergyBudgetCallback(1.0)
    facade = plain(tmp_path, callback)
    first = facade.ask()
    facade.tell(first, TrialValue(cost=0.5, additional_info={"energy_kwh": EACH_KWH}))
    out = [facade.ask() for _ in range(3)]
    assert callback.balance().reserved_kwh == 0.75
    with pytest.raises(StopIteration):
        facade.ask()
    assert callback.waiting
    facade.tell(out[0], TrialValue(cost=0.5, additional_info={"energy_kwh": 0.05}))
    assert facade.ask() not in out  # it needed less than was promised to it
    assert callback.spent_kwh == pytest.approx(0.3)


def test_a_failed_trial_of_unknown_energy_is_charged_what_it_was_expected_to_need(
    tmp_path: Path,
) -> None:
    callback = EnergyBudgetCallback(2.0)
    facade = plain(tmp_path, callback)
    first, second = facade.ask(), facade.ask()
    facade.tell(first, TrialValue(cost=0.5, additional_info={"energy_kwh": EACH_KWH}))
    third = facade.ask()
    failed = TrialValue(cost=1.0, status=StatusType.CRASHED, additional_info={"error": "lost"})
    facade.tell(third, failed)
    assert failed.additional_info["energy_kwh"] == EACH_KWH
    assert failed.additional_info["energy_estimated"] is True
    reported = TrialValue(
        cost=1.0, status=StatusType.CRASHED, additional_info={"energy_kwh": 0.125}
    )
    facade.tell(second, reported)
    assert callback.spent_kwh == pytest.approx(2 * EACH_KWH + 0.125)
    assert "energy_estimated" not in reported.additional_info


def test_a_finished_trial_must_say_what_it_burnt(tmp_path: Path) -> None:
    facade = plain(tmp_path, EnergyBudgetCallback(1.0))
    info = facade.ask()
    with pytest.raises(ValueError, match="must report its energy"):
        facade.tell(info, TrialValue(cost=0.5))


def test_a_trial_may_be_told_that_was_never_asked_for(tmp_path: Path) -> None:
    callback = EnergyBudgetCallback(1.0)
    facade = plain(tmp_path, callback)
    info = facade.ask()
    other = facade.ask()
    facade.tell(info, TrialValue(cost=0.5, additional_info={"energy_kwh": 0.25}))
    facade.tell(other, TrialValue(cost=0.5, additional_info={"energy_kwh": 0.25}))
    facade.tell(info, TrialValue(cost=0.5, additional_info={"energy_kwh": 0.5}))  # once more
    assert callback.spent_kwh == pytest.approx(sum(energies(facade.runhistory)))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"budget_kwh": -1.0}, "budget_kwh"),
        ({"budget_kwh": float("nan")}, "budget_kwh"),
        ({"budget_kwh": 1.0, "shortfall": "wait"}, "shortfall must be"),
        ({"budget_kwh": 1.0, "trial_limit_kwh": 0.0}, "trial_limit_kwh"),
    ],
)
def test_arguments_are_checked(kwargs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EnergyBudgetCallback(**kwargs)


@pytest.mark.parametrize("cost", [math.nan, math.inf, [0.5, math.nan]])
def test_a_finished_trial_that_is_told_has_a_finite_cost(tmp_path: Path, cost: Any) -> None:
    callback = EnergyBudgetCallback(1.0)
    facade = plain(tmp_path, callback)
    info = facade.ask()
    with pytest.raises(ValueError, match=r"must be finite but got .*status=StatusType.CRASHED"):
        facade.tell(info, TrialValue(cost=cost, additional_info={"energy_kwh": EACH_KWH}))
    crashed = TrialValue(
        cost=1.0, status=StatusType.CRASHED, additional_info={"energy_kwh": EACH_KWH}
    )
    facade.tell(info, crashed)
    assert callback.spent_kwh == EACH_KWH


def test_a_callback_counts_for_one_run(tmp_path: Path) -> None:
    callback = EnergyBudgetCallback(1.0)
    plain(tmp_path / "a", callback).optimize()
    with pytest.raises(ValueError, match="EnergyBudgetCallback must be given to one facade"):
        plain(tmp_path / "b", callback).optimize()


def test_smacs_own_facades_have_no_limit_per_trial(tmp_path: Path) -> None:
    callback = EnergyBudgetCallback(1.0, trial_limit_kwh=0.1)
    with pytest.raises(ValueError, match="trial_limit_kwh must be None where no trial can be cut"):
        plain(tmp_path, callback).optimize()
