"""Optuna's TPE and its median pruner, which ends trials below the median at the same epoch.

Both with their defaults, the pruner waiting for a tenth of the longest schedule.
"""

from __future__ import annotations

from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler

from benchmarks.harness.bench import longest_schedule
from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting

LABEL = "TPE, median pruner"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("paper",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise(
        setting,
        sampler=TPESampler(seed=setting.host_seed),
        pruner=MedianPruner(n_warmup_steps=longest_schedule(setting.bench) // 10),
    )
