"""Local search (the paper's EA-LS) on the reward accuracy x energy ** -0.07.

Otherwise as ``ls``.
"""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.local_search import LocalSearchSampler
from surrogate.space.task import ARCHITECTURE, TRAINING

LABEL = "EA-LS"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
PLAIN = "ls"
PAPER_PLACE = 1


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = LocalSearchSampler(groups=(ARCHITECTURE, TRAINING), seed=setting.host_seed)
    return optimise(setting, sampler=sampler)
