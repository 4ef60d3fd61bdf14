"""Methods hosted by SMAC."""

from __future__ import annotations

import logging
import math
import tempfile
from pathlib import Path
from typing import Any, Literal

from smac.model.random_forest.random_forest import RandomForest
from smac.multi_objective.parego import ParEGO
from smac.scenario import Scenario

from benchmarks.harness.bench import SCHEDULE, longest_schedule
from benchmarks.harness.live import LiveBench
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.budget.attributes import ENERGY_ATTR
from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    EnergyTarget,
    SurrogateTarget,
    energy_scenario,
)
from eahas_plugins.spaces import native_config
from eahas_plugins.targets.schedules import schedules_of, without

N_STARTUP_TRIALS = 10
"""Random configurations before the model counts, as in Optuna's TPE; SMAC's own default, ten per
hyperparameter, is more than the budget pays for."""

MAX_LEAVES = 2**12
"""Leaves for which a tree reserves memory: more than a study has trials, so no tree is cut. SMAC's
own 2**20 cost 100 MB and most of the time of a fit."""


SPREAD = 9.0
"""Highest to lowest rung of a cut training: two promotions with factor 3."""


def optimise_smac(
    setting: Setting,
    *,
    facade: type[EnergyHyperparameterOptimizationFacade] | type[EnergyMultiFidelityFacade],
    fidelity: Literal["cut", "schedule", "kwh"] = "cut",
    reward_exponent: float = 0.0,
    cooling: float = 0.0,
) -> list[Evaluation]:
    """Run SMAC until the energy is spent, in a folder that is deleted afterwards.

    Args:
        setting: What the method is given.
        facade: Complete trainings, or several fidelities.
        fidelity: What SMAC's budget means, for the latter.
        reward_exponent: Exponent of the energy in promotions; 0 is SMAC's decision.
        cooling: Weight of the energy in the acquisition; 0 is SMAC's own.
    """
    if fidelity == "schedule":
        setting.check_starts_anew("SMAC")
    bench, seed = setting.bench, setting.host_seed % 2**31
    several = bench.objectives[1:]
    with tempfile.TemporaryDirectory() as folder:
        target: SurrogateTarget | EnergyTarget
        if isinstance(bench, LiveBench):
            target, scenario = _live(bench, fidelity, seed=seed, folder=Path(folder))
        else:
            names = ("error", *several) if several else "error"
            target = SurrogateTarget(bench, fidelity=fidelity, objectives=names)
            scenario = energy_scenario(target, seed=seed, output_directory=Path(folder))
        host = facade(
            scenario,
            target,
            budget_kwh=setting.budget_kwh,
            reward_exponent=reward_exponent,
            cooling=cooling,
            n_startup_trials=N_STARTUP_TRIALS,
            model=None if fidelity == "schedule" else lean_forest(scenario),
            multi_objective_algorithm=ParEGO(scenario) if several else None,
            logging_level=logging.WARNING,
        )
        host.optimize()
        history = host.runhistory
        found = []
        for key, value in history.items():
            info = value.additional_info
            energy: Any = info.get(ENERGY_ATTR)
            if not (energy or info.get("epochs")):
                continue  # refused before its first epoch
            config = native_config(history.get_config(key.config_id))
            if fidelity == "schedule" and key.budget is not None:
                config[SCHEDULE] = round(key.budget)
            planned = config.get(SCHEDULE, math.inf)  # a rung beyond the schedule trains no further
            epochs = int(min(info.get("epochs", 0), planned))
            outcome = None
            if isinstance(bench, LiveBench) and epochs:
                outcome = bench.outcome(config, info)
            found.append(
                Evaluation(config=config, energy_kwh=energy, epochs=epochs, outcome=outcome)
            )
    return found


def _live(
    bench: LiveBench, fidelity: Literal["cut", "schedule", "kwh"], *, seed: int, folder: Path
) -> tuple[EnergyTarget, Scenario]:
    """Target and scenario of a user's own training, with the rungs of a benchmark's.

    Raises:
        ValueError: If rungs are kWh.
    """
    if fidelity == "kwh":
        raise ValueError("fidelity must be 'cut' or 'schedule' on a live task but got 'kwh'.")
    planned = fidelity == "schedule"
    target = EnergyTarget(
        bench.train,
        bench.meter,
        fidelity="schedule" if planned and not bench.goes_on else "continue",
        fidelity_param=SCHEDULE if planned else None,
        metric=bench.metric.name,
        direction=bench.direction,
    )
    longest = float(longest_schedule(bench))
    shortest = schedules_of(bench.space, SCHEDULE, required=True)[0]
    scenario = Scenario(
        without(bench.space, SCHEDULE) if planned else bench.space,
        seed=seed,
        min_budget=float(shortest) if planned else max(1.0, longest / SPREAD),
        max_budget=longest,
        n_trials=100_000,
        deterministic=True,
        objectives=target.objectives[0],
        crash_cost=bench.metric.cost(bench.task.worst),
        output_directory=folder,
    )
    return target, scenario


def lean_forest(scenario: Scenario) -> RandomForest:
    """The forest of SMAC's facades, the same trees and predictions, without its threads.

    SMAC starts a pool of threads for each prediction, which takes longer than the prediction.
    """
    return RandomForest(
        configspace=scenario.configspace,
        instance_features=scenario.instance_features,
        seed=scenario.seed,
        log_y=True,
        n_trees=10,
        bootstrapping=True,
        ratio_features=1.0,
        min_samples_split=2,
        min_samples_leaf=1,
        max_depth=2**20,
        max_leaf_nodes=MAX_LEAVES,
        n_jobs=1,
    )
