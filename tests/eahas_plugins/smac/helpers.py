"""Facades small enough for tests: SMAC's own parts, with few candidates per acquisition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smac.acquisition.maximizer.local_and_random_search import LocalAndSortedRandomSearch
from smac.model.random_forest.random_forest import RandomForest
from smac.runhistory import RunHistory
from smac.scenario import Scenario

from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    SurrogateTarget,
    energy_scenario,
)
from tests.eahas_plugins.smac.bench import PowerLawBench

QUIET = 40  # logging level


def maximizer(scenario: Scenario) -> LocalAndSortedRandomSearch:
    return LocalAndSortedRandomSearch(
        scenario.configspace, challengers=30, local_search_iterations=1, seed=scenario.seed
    )


def forest(scenario: Scenario) -> RandomForest:
    """SMAC's model; its default of 2 ** 20 leaves allocates that many per tree."""
    return RandomForest(
        scenario.configspace,
        log_y=True,
        n_trees=10,
        ratio_features=1.0,
        min_samples_split=2,
        min_samples_leaf=1,
        max_leaf_nodes=1000,
        bootstrapping=True,
        seed=scenario.seed,
        n_jobs=1,
    )


def multi_fidelity(
    folder: Path,
    *,
    budget_kwh: float,
    target: Any = None,
    fidelity: Any = "cut",
    seed: int = 1,
    scenario: Scenario | None = None,
    **kwargs: Any,
) -> EnergyMultiFidelityFacade:
    target = target or SurrogateTarget(PowerLawBench(), fidelity=fidelity)
    scenario = scenario or energy_scenario(target, name="run", output_directory=folder, seed=seed)
    if getattr(target, "fidelity", None) != "schedule":
        kwargs = {"acquisition_maximizer": maximizer(scenario), "model": forest(scenario), **kwargs}
    return EnergyMultiFidelityFacade(
        scenario, target, budget_kwh=budget_kwh, logging_level=QUIET, **kwargs
    )


def full_fidelity(
    folder: Path,
    *,
    budget_kwh: float,
    target: Any = None,
    scenario: Scenario | None = None,
    **kwargs: Any,
) -> EnergyHyperparameterOptimizationFacade:
    target = target or SurrogateTarget(PowerLawBench())
    scenario = scenario or energy_scenario(target, name="run", output_directory=folder, seed=1)
    return EnergyHyperparameterOptimizationFacade(
        scenario,
        target,
        budget_kwh=budget_kwh,
        acquisition_maximizer=maximizer(scenario),
        model=forest(scenario),
        logging_level=QUIET,
        **kwargs,
    )


def energies(history: RunHistory) -> list[float]:
    return [value.additional_info["energy_kwh"] for value in history.values()]


def trials(history: RunHistory) -> list[tuple[Any, ...]]:
    return [
        (dict(history.get_config(key.config_id)), key.budget, value.cost, value.status.name)
        for key, value in history.items()
    ]
