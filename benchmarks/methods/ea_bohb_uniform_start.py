"""EA-BOHB with a uniform start: its first trials are no denser in the middle of the ranges."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB, uniform start"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
ABLATION_OF = "ea-bohb"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(centred_start=False, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
