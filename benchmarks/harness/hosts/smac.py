"""Methods hosted by SMAC."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any, Literal

from smac.model.random_forest.random_forest import RandomForest
from smac.scenario import Scenario

from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.budget.attributes import ENERGY_ATTR
from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    SurrogateTarget,
    energy_scenario,
)
from eahas_plugins.spaces import native_config

N_STARTUP_TRIALS = 10
"""Random configurations before the model counts, as in Optuna's TPE; SMAC's own default, ten per
hyperparameter, is more than the budget pays for."""

MAX_LEAVES = 2**12
"""Leaves for which a tree reserves memory: more than a study has trials, so no tree is cut. SMAC's
own 2**20 cost 100 MB and most of the time of a fit."""


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
    target = SurrogateTarget(setting.bench, fidelity=fidelity)
    with tempfile.TemporaryDirectory() as folder:
        scenario = energy_scenario(
            target, seed=setting.host_seed % 2**31, output_directory=Path(folder)
        )
        host = facade(
            scenario,
            target,
            budget_kwh=setting.budget_kwh,
            reward_exponent=reward_exponent,
            cooling=cooling,
            n_startup_trials=N_STARTUP_TRIALS,
            model=None if fidelity == "schedule" else lean_forest(scenario),
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
                config["max_epoch"] = round(key.budget)
            found.append(
                Evaluation(
                    config=config,
                    energy_kwh=energy,
                    epochs=int(info.get("epochs", 0)),
                )
            )
    return found


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
