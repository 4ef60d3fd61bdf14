"""SMAC scenarios that fit a target."""

from __future__ import annotations

from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace
from smac.scenario import Scenario

from eahas_plugins.arguments import check_counts, check_positive, check_whole_numbers, given
from eahas_plugins.files import path_argument
from eahas_plugins.spaces import native_config
from eahas_plugins.targets.energy_target import EnergyTarget
from eahas_plugins.targets.objectives import INFERENCE
from eahas_plugins.targets.surrogate_target import SurrogateTarget

_N_SAMPLES = 64
_SPREAD = 9.0  # lowest to highest rung where the target does not say: two promotions with eta 3
_SCHEDULE_SPREAD = 4.0  # a complete quarter of the schedule ranks well what the whole one does


def energy_scenario(
    target: SurrogateTarget | EnergyTarget,
    space: ConfigurationSpace | None = None,
    *,
    seed: int = 0,
    min_budget: float | None = None,
    max_budget: float | None = None,
    n_trials: int = 100_000,
    **kwargs: Any,
) -> Scenario:
    """A scenario for a target: its space, its objectives and budgets in the right unit.

    The energy is what ends the run, so ``n_trials`` is large. SMAC takes ten random
    configurations per hyperparameter before its model counts (ten in all where the fidelity is
    "schedule"); where the energy pays for few trainings, give the facade ``n_startup_trials``.

    Example:
        >>> def train(config, training):
        ...     for epoch in range(config["epochs"]):
        ...         if training.report(1.0 - config["lr"] / (epoch + 1)):
        ...             return
        >>> target = EnergyTarget(train, fidelity="schedule", fidelity_param="epochs")
        >>> space = ConfigurationSpace({"lr": (0.0, 1.0)})
        >>> scenario = energy_scenario(target, space, max_budget=40)
        >>> scenario.min_budget, scenario.crash_cost
        (10.0, 1.0)

    Args:
        target: What will be optimised.
        space: What is searched with an `EnergyTarget`; a benchmark has its own.
        seed: SMAC's seed; -1 for a random one.
        min_budget: Lowest rung in epochs, schedule or kWh; by default what the fidelity suggests:
            the benchmark's shortest schedule, of your own training a quarter of ``max_budget``;
            where a training goes on from rung to rung, a ninth.
        max_budget: Highest rung. Of a benchmark by default the longest schedule, or for kWh what
            nine in ten complete trainings need; with an `EnergyTarget` of fidelity "kwh" there are
            no rungs without it, and trainings are complete.
        n_trials: SMAC's own limit on the number of trials.
        **kwargs: Anything else that ``smac.Scenario`` takes: with another metric than an accuracy
            the ``crash_cost`` of a training that fails.

    Raises:
        ValueError: If ``max_budget``, ``space`` or ``crash_cost`` is not given where nobody else
            can know it, or a space is given where the benchmark has its own.
    """
    check_whole_numbers(seed=seed)
    path_argument("output_directory", kwargs.get("output_directory", "."))
    check_counts(1, n_trials=n_trials)
    check_positive(**given(min_budget=min_budget, max_budget=max_budget))
    if seed == -1:  # SMAC's word for any seed
        seed = int(np.random.default_rng().integers(10**6))
    if isinstance(target, EnergyTarget):
        space, costs = _own(space), _crash_cost(target, kwargs)
        if max_budget is None and target.fidelity != "kwh":
            raise ValueError(
                f"max_budget must be given with fidelity {target.fidelity!r}, as the length of the "
                "longest training, but is None."
            )
        if max_budget is not None and min_budget is None:
            min_budget = _lowest(target, max_budget)
    elif space is not None:
        raise ValueError(f"space must be None, since a benchmark has its own, but got {space}.")
    else:
        space = target.space
        min_budget, max_budget, costs = _of_benchmark(target, seed, min_budget, max_budget)
    both = len(target.objectives) > 1
    settings: dict[str, Any] = {
        "deterministic": True,
        "objectives": list(target.objectives) if both else target.objectives[0],
        "crash_cost": costs,
        **kwargs,
    }
    return Scenario(
        space,
        seed=seed,
        min_budget=min_budget,
        max_budget=max_budget,
        n_trials=n_trials,
        **settings,
    )


def _own(space: ConfigurationSpace | None) -> ConfigurationSpace:
    if not isinstance(space, ConfigurationSpace):
        raise ValueError(
            "space must be the ConfigurationSpace that is searched, since a training of your own "
            f"has none, but got {space!r}."
        )
    return space


def _crash_cost(target: EnergyTarget, given: dict[str, Any]) -> Any:
    """What a training that fails counts as; SMAC's model cannot learn from an infinite cost."""
    known = target.worst_cost
    if "crash_cost" not in given and (known is None or len(target.objectives) > 1):
        raise ValueError(
            f"crash_cost must be given, as the worst {' and '.join(target.objectives)} there is: "
            "SMAC takes it for the cost of a training that fails."
        )
    return known


def _lowest(target: EnergyTarget, max_budget: float) -> float:
    """The lowest rung of a user's own training."""
    lowest = max_budget / (_SCHEDULE_SPREAD if target.fidelity == "schedule" else _SPREAD)
    counts = target.fidelity == "continue" or (
        target.fidelity == "schedule" and float(max_budget).is_integer()
    )
    return float(max(1, round(lowest))) if counts else lowest


def _of_benchmark(
    target: SurrogateTarget, seed: int, min_budget: float | None, max_budget: float | None
) -> tuple[float, float, Any]:
    """The rungs of a benchmark, and what a training that fails counts as."""
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
    worst = [1.0, max(_others(target, seed) or known)] if several else 1.0
    return min_budget, max_budget, worst


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
