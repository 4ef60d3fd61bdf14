"""EA-BOHB with its defaults: TPE on short schedules, the best repeated with the longest.

Trials are compared at the same part of their own schedule, and repetitions have their share of the
energy: ``eahas_plugins.optuna.samplers.ea_bohb``.
"""

from __future__ import annotations

from benchmarks.harness import Evaluation, Setting
from benchmarks.harness_optuna import optimise
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB"
ENERGY_AWARE = True
REQUIRES = ("optuna",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
