"""Local search with the paper's settings: 20 random trials, then neighbours of the best.

A neighbour has the whole architecture or the whole training drawn again.
"""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.local_search import LocalSearchSampler
from surrogate.space.task import ARCHITECTURE, TRAINING

LABEL = "LS"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("paper",)
PAPER_PLACE = 2


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = LocalSearchSampler(
        groups=(ARCHITECTURE, TRAINING), reward_exponent=0.0, seed=setting.host_seed
    )
    return optimise(setting, sampler=sampler)
