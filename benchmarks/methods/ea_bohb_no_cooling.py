"""EA-BOHB without cooling: predicted energy has no part in the acquisition."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB without cooling"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper", "foreign")
ABLATION_OF = "ea-bohb"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(cooling=0.0, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
