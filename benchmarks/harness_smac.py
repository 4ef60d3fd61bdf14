"""Methods hosted by SMAC."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Literal

from benchmarks.harness import Evaluation, Setting
from eahas_plugins.smac import (
    EnergyHyperparameterOptimizationFacade,
    EnergyMultiFidelityFacade,
    SurrogateTarget,
    energy_scenario,
)
from eahas_plugins.spaces import native_config

N_INITIAL = 10
"""Random configurations before the model counts, as in Optuna's TPE; SMAC's own default, ten per
hyperparameter, is more than the budget pays for."""


def optimise_smac(
    setting: Setting,
    *,
    facade: type[EnergyHyperparameterOptimizationFacade] | type[EnergyMultiFidelityFacade],
    fidelity: Literal["cut", "schedule", "kwh"] = "cut",
    reward_weight: float = 0.0,
    cooling: float = 0.0,
) -> list[Evaluation]:
    """Run SMAC until the energy is spent, in a folder that is deleted afterwards.

    Args:
        setting: What the method is given.
        facade: Complete trainings, or several fidelities.
        fidelity: What SMAC's budget means, for the latter.
        reward_weight: Exponent of the energy in promotions; 0 is SMAC's decision.
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
            reward_weight=reward_weight,
            cooling=cooling,
            n_initial=N_INITIAL,
            logging_level=logging.WARNING,
        )
        host.optimize()
        history = host.runhistory
        found = []
        for key, value in history.items():
            info = value.additional_info
            config = native_config(history.get_config(key.config_id))
            if fidelity == "schedule" and key.budget is not None:
                config["max_epoch"] = round(key.budget)
            found.append(
                Evaluation(
                    config=config,
                    energy_kwh=float(info.get("energy_kwh", 0.0)),
                    epochs=int(info.get("epochs", 0)),
                )
            )
    return found
