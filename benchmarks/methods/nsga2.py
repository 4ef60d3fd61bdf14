"""Optuna's NSGA-II, every training complete; a population of 20, so that there are generations.

Optuna's default of 50 is more than the budget pays for. For several objectives.
"""

from __future__ import annotations

from optuna.samplers import NSGAIISampler

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting

LABEL = "NSGA-II"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("fronts",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = NSGAIISampler(seed=setting.host_seed, population_size=20)
    return optimise(setting, sampler=sampler)
