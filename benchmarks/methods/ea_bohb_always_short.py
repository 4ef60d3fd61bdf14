"""EA-BOHB that gives new configurations the short schedule to the end, and only tried ones more."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB, always short first"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
ABLATION_OF = "ea-bohb"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(short_until=1.0, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
