"""BANANAS (the paper's EA-BANANAS) on the reward accuracy x energy ** -0.07.

Otherwise as ``bananas``.
"""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.bananas import BananasSampler

LABEL = "EA-BANANAS"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
PLAIN = "bananas"
PAPER_PLACE = 2


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = BananasSampler(seed=setting.host_seed)
    return optimise(setting, sampler=sampler)
