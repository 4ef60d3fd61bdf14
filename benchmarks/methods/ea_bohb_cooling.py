"""EA-BOHB with predicted energy in the acquisition, its weight cooling to 0 as energy is spent."""

from __future__ import annotations

from benchmarks.harness import Evaluation, Setting
from benchmarks.harness_optuna import optimise
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB with cooling"
ENERGY_AWARE = True
REQUIRES = ("optuna",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(energy_weight=1.0, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
