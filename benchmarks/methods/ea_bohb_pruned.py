"""EA-BOHB with a pruner: the worst 30 % end at half of their short schedule."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.pruners import ScheduleRelativePruner
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB with pruning"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
ABLATION_OF = "ea-bohb"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    halfway = ScheduleRelativePruner(fractions=(0.5,), keep=0.7, same_schedule=True)
    sampler, pruner = ea_bohb(pruner=halfway, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
