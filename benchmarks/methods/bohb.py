"""BOHB with the paper's settings: TPE proposes, Hyperband (factor 3) cuts by epochs.

Optuna has no BOHB of its own: this is its TPE and its Hyperband pruner together. Trainings are
*cut* at the rungs and a promoted one goes on where it stood.
"""

from __future__ import annotations

from optuna.samplers import TPESampler

from benchmarks.harness.hosts.optuna import optimise, paper_hyperband
from benchmarks.harness.study import Evaluation, Setting

LABEL = "BOHB"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("smoke", "paper", "foreign")
MAIN = True
BASELINE = True
PAPER_PLACE = 6


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise(
        setting, sampler=TPESampler(seed=setting.host_seed), pruner=paper_hyperband(setting.bench)
    )
