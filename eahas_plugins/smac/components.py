"""SMAC's components for a search over complete schedules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from smac.acquisition.maximizer.local_and_random_search import LocalAndSortedRandomSearch
from smac.initial_design.latin_hypercube_design import LatinHypercubeInitialDesign
from smac.main.config_selector import ConfigSelector
from smac.random_design.probability_design import ProbabilityRandomDesign
from smac.scenario import Scenario

from eahas_plugins.policy import SHORT_UNTIL
from eahas_plugins.smac.acquisition import EnergyEI
from eahas_plugins.smac.encoder import MultiFidelityEncoder
from eahas_plugins.smac.model import GaussianProcessModel
from eahas_plugins.smac.schedule_intensifier import N_STARTUP_TRIALS, ScheduleIntensifier

_N_CHALLENGERS, _N_LOCAL_SEARCHES, _N_STEPS = 600, 2, 3


def schedule_components(
    scenario: Scenario,
    *,
    cooling: float = 1.0,
    n_startup_trials: int = N_STARTUP_TRIALS,
    given: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """SMAC's components for a search over complete schedules.

    Args:
        scenario: SMAC's scenario.
        cooling: Weight of the energy in the acquisition while nothing is spent.
        n_startup_trials: Configurations of the Latin hypercube that the search starts with.
        given: Components that take the place of those here.
    """
    found: dict[str, Any] = {
        "initial_design": LatinHypercubeInitialDesign(
            scenario, n_configs=n_startup_trials, max_ratio=1.0
        ),
        "model": GaussianProcessModel(scenario.configspace, seed=scenario.seed),
        "runhistory_encoder": MultiFidelityEncoder(scenario),
        "acquisition_function": EnergyEI(log=False, cooling=cooling, until=SHORT_UNTIL),
        # Few candidates: with many a choice takes ten times as long and is no better.
        "acquisition_maximizer": LocalAndSortedRandomSearch(
            scenario.configspace,
            challengers=_N_CHALLENGERS,
            local_search_iterations=_N_LOCAL_SEARCHES,
            max_steps=_N_STEPS,
            seed=scenario.seed,
        ),
        "random_design": ProbabilityRandomDesign(probability=0.0, seed=scenario.seed),
        "config_selector": ConfigSelector(scenario, retrain_after=1),
        **given,
    }
    if "intensifier" not in found:
        found["intensifier"] = ScheduleIntensifier(
            scenario,
            n_startup_trials=n_startup_trials,
            model=found["model"],
            encoder=found["runhistory_encoder"],
        )
    return found
