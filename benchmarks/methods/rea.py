"""Regularised evolution with the paper's settings: population 20, tournaments of 10."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.evolution import RegularizedEvolutionSampler

LABEL = "REA"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("paper",)
PAPER_PLACE = 3


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = RegularizedEvolutionSampler(reward_exponent=0.0, seed=setting.host_seed)
    return optimise(setting, sampler=sampler)
