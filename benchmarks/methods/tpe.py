"""Optuna's TPE with its defaults (multivariate), every training complete: a strong plain method."""

from __future__ import annotations

from optuna.samplers import TPESampler

from benchmarks.harness import Evaluation, Setting
from benchmarks.harness_optuna import optimise

LABEL = "TPE"
ENERGY_AWARE = False
REQUIRES = ("optuna",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise(setting, sampler=TPESampler(seed=setting.host_seed))
