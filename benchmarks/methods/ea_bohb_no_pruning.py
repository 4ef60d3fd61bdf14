"""EA-BOHB without pruning: every training runs to the end of its schedule."""

from __future__ import annotations

from benchmarks.harness import Evaluation, Setting
from benchmarks.harness_optuna import optimise
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB without pruning"
ENERGY_AWARE = True
REQUIRES = ("optuna",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(prune=False, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
