"""BANANAS with the paper's settings: one network, Thompson sampling, 40 mutated candidates."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.bananas import BananasSampler

LABEL = "BANANAS"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("paper",)
PAPER_PLACE = 4


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = BananasSampler(reward_exponent=0.0, seed=setting.host_seed)
    return optimise(setting, sampler=sampler)
