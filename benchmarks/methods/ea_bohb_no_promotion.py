"""EA-BOHB without schedule promotion: the schedule is chosen like any other parameter."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB without promotion"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper", "foreign")
ABLATION_OF = "ea-bohb"
IN_FULL = True


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(fidelity_param=None, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
