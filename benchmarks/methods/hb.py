"""Hyperband with the paper's settings: factor 3, epochs as the resource, random configurations.

Optuna's asynchronous Hyperband: trainings are *cut* at the rungs and a promoted one goes on where
it stood, which is kinder than the paper's loop, where each rung trains anew.
"""

from __future__ import annotations

from optuna.samplers import RandomSampler

from benchmarks.harness.hosts.optuna import optimise, paper_hyperband
from benchmarks.harness.study import Evaluation, Setting

LABEL = "HB"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("paper",)
PAPER_PLACE = 5


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise(
        setting,
        sampler=RandomSampler(seed=setting.host_seed),
        pruner=paper_hyperband(setting.bench),
    )
