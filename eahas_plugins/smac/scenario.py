"""SMAC scenarios that fit a target."""

from __future__ import annotations

from typing import Any

import numpy as np
from smac.scenario import Scenario

from eahas_plugins.spaces import native_config
from eahas_plugins.targets.objectives import INFERENCE
from eahas_plugins.targets.surrogate_target import SurrogateTarget

_N_SAMPLES = 64
_SPREAD = 9.0  # lowest to highest rung where the target does not say: two promotions with eta 3


def energy_scenario(
    target: SurrogateTarget,
    *,
    seed: int = 0,
    min_budget: float | None = None,
    max_budget: float | None = None,
    n_trials: int = 100_000,
    **kwargs: Any,
) -> Scenario:
    """A scenario for a benchmark: its space, its objectives and budgets in the right unit.

    The energy is what ends the run, so ``n_trials`` is large. SMAC takes ten random
    configurations per hyperparameter before its model counts (ten in all where the fidelity is
    "schedule"); where the energy pays for few trainings, give the facade ``n_startup_trials``.

    Args:
        target: What will be optimised.
        seed: SMAC's seed; -1 for a random one.
        min_budget: Lowest rung in epochs, schedule or kWh; by default what the fidelity suggests
            (shortest schedule; else a ninth of ``max_budget``).
        max_budget: Highest rung; by default the longest schedule, or for kWh what nine in ten
            complete trainings need.
        n_trials: SMAC's own limit on the number of trials.
        **kwargs: Anything else that ``smac.Scenario`` takes.

    Raises:
        ValueError: If the benchmark has no schedules and ``max_budget`` is not given.
    """
    if seed == -1:  # SMAC's word for any seed
        seed = int(np.random.default_rng().integers(10**6))
    several = len(target.objectives) > 1
    known: list[float] = []
    if several or (max_budget is None and target.fidelity == "kwh"):
        known = _energies(target, seed)
    if max_budget is None:
        if target.fidelity == "kwh":
            max_budget = float(np.quantile(known, 0.9))
        elif target.schedules:
            max_budget = float(target.schedules[-1])
        else:
            raise ValueError(
                "max_budget must be given: the benchmark has no hyperparameter for the schedule."
            )
    if min_budget is None:
        shortest = target.fidelity == "schedule"
        min_budget = float(target.schedules[0]) if shortest else max_budget / _SPREAD
        if target.fidelity == "cut":
            min_budget = max(1.0, min_budget)
    settings: dict[str, Any] = {
        "deterministic": True,
        "objectives": list(target.objectives) if several else target.objectives[0],
        "crash_cost": [1.0, max(_others(target, seed) or known)] if several else 1.0,
        **kwargs,
    }
    return Scenario(
        target.space,
        seed=seed,
        min_budget=min_budget,
        max_budget=max_budget,
        n_trials=n_trials,
        **settings,
    )


def _others(target: SurrogateTarget, seed: int) -> list[float]:
    """Energies of inference of a few configurations, kWh, where that is an objective."""
    if INFERENCE not in target.objectives:
        return []
    space = target.bench.space
    space.seed(seed)
    runs = map(target.bench.query, map(native_config, space.sample_configuration(_N_SAMPLES)))
    return [run.inference_energy_kwh for run in runs if run.inference_energy_kwh is not None]


def _energies(target: SurrogateTarget, seed: int) -> list[float]:
    """Energies of a few complete trainings, kWh."""
    space = target.space
    space.seed(seed)
    estimates = (
        target.estimate(config, seed=seed, budget=None, paid_kwh=0.0)
        for config in space.sample_configuration(_N_SAMPLES)
    )
    return [estimate.total_kwh for estimate in estimates if estimate.total_kwh is not None]
