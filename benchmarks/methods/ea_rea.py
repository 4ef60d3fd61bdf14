"""Regularised evolution on the reward accuracy x energy ** -0.07.

Otherwise as ``rea``.
"""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.evolution import RegularizedEvolutionSampler

LABEL = "EA-REA"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
PLAIN = "rea"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = RegularizedEvolutionSampler(seed=setting.host_seed)
    return optimise(setting, sampler=sampler)
