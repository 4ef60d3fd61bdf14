"""The process of EA-BOHB and nothing that knows of energy: what it is without, trainings complete.

The schedule is chosen like any other parameter, and by expected improvement alone.
"""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB's process alone"
ENERGY_AWARE = True  # as all of its family, so that the best plain method is another one
REQUIRES = ("optuna",)
SUITES = ("paper", "foreign")
ABLATION_OF = "ea-bohb"
IN_FULL = True


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(fidelity_param=None, cooling=0.0, seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
