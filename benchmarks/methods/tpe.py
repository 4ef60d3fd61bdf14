"""Optuna's TPE with its defaults (multivariate), every training complete: a strong plain method."""

from __future__ import annotations

from optuna.samplers import TPESampler

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting

LABEL = "TPE"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("smoke", "paper", "foreign", "fronts")


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise(setting, sampler=TPESampler(seed=setting.host_seed))
