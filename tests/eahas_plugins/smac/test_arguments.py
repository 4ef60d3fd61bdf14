"""Arguments that are numbers are numbers: of everything that SMAC's adapter makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.smac import (
    EarlierInitialDesign,
    EnergyBudgetCallback,
    EnergyDaskRunner,
    EnergyEI,
    EnergyHyperband,
    EnergyHyperparameterOptimizationFacade,
    EnergyJournal,
    EnergyMultiFidelityFacade,
    EnergyPriceCallback,
    EnergyTarget,
    ScheduleIntensifier,
    SurrogateTarget,
    energy_scenario,
    schedule_components,
)
from tests.eahas_plugins.bad_numbers import Arguments, check_refuses, table
from tests.eahas_plugins.smac.bench import PowerLawBench

FACADE = {
    "budget_kwh": "positive",
    "trial_limit_kwh": "positive?",
    "price_kwh": "positive?",
    "reward_exponent": "exponent",
    "cooling": "not negative",
    "n_startup_trials": "count?",
    "lease_s": "positive",
}


def target() -> SurrogateTarget:
    return SurrogateTarget(PowerLawBench(), fidelity="schedule")


def in_run(make: Any, *before: Any) -> Any:
    """Make something of a scenario, which the test's working directory holds."""
    return lambda **how: make(
        energy_scenario(target(), output_directory=Path("run")), *before, **how
    )


def facade(kind: Any) -> Any:
    return in_run(lambda scenario, **how: kind(scenario, target(), overwrite=True, **how))


def own(**how: Any) -> EnergyTarget:
    return EnergyTarget(lambda config, training: None, **how)


MADE = {
    "EarlierInitialDesign": Arguments(
        in_run(EarlierInitialDesign, []), {"n_configs": "count", "seed": "from 0?"}
    ),
    "EnergyBudgetCallback": Arguments(
        EnergyBudgetCallback,
        {"budget_kwh": "positive", "trial_limit_kwh": "positive?"},
        {"budget_kwh": 1.0},
    ),
    "EnergyDaskRunner": Arguments(
        # a runner that is made starts a cluster
        lambda **how: EnergyDaskRunner(None, **how) if how else None,  # type: ignore[arg-type]
        {"patience": "positive"},
    ),
    "EnergyEI": Arguments(EnergyEI, {"cooling": "not negative", "min_observations": "count"}),
    "EnergyHyperband": Arguments(
        in_run(EnergyHyperband), {"eta": "positive", "reward_exponent": "exponent"}
    ),
    "EnergyHyperparameterOptimizationFacade": Arguments(
        facade(EnergyHyperparameterOptimizationFacade), FACADE, {"budget_kwh": 1.0}
    ),
    "EnergyMultiFidelityFacade": Arguments(
        facade(EnergyMultiFidelityFacade), FACADE, {"budget_kwh": 1.0}
    ),
    "EnergyJournal": Arguments(EnergyJournal, {"lease_s": "positive"}, {"folder": Path("journal")}),
    "EnergyPriceCallback": Arguments(
        lambda price_kwh: in_run(lambda scenario: EnergyPriceCallback(price_kwh, scenario))(),
        {"price_kwh": "positive"},
        {"price_kwh": 1.0},
    ),
    "EnergyTarget": Arguments(own, {"report_every": "count", "heartbeat_s": "positive?"}),
    "ScheduleIntensifier": Arguments(
        in_run(ScheduleIntensifier),
        {"short_until": "share", "cooling": "not negative", "n_startup_trials": "count"},
    ),
    "schedule_components": Arguments(
        in_run(schedule_components), {"cooling": "not negative", "n_startup_trials": "count?"}
    ),
    "energy_scenario": Arguments(
        lambda **how: energy_scenario(target(), **how),
        {
            "seed": "whole",
            "n_trials": "count",
            "min_budget": "positive?",
            "max_budget": "positive?",
        },
    ),
}


@table(MADE)
def test_what_is_no_number_is_refused_by_name(
    arguments: Arguments, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_refuses(arguments, name)


def test_a_folder_of_a_run_has_a_name() -> None:
    with pytest.raises(ValueError, match="output_directory must name a file or folder but got ''"):
        energy_scenario(target(), output_directory="")
