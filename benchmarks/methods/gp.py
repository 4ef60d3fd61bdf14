"""Optuna's Gaussian process with expected improvement and its defaults, trainings complete."""

from __future__ import annotations

from optuna.samplers import GPSampler

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting

LABEL = "GP"
ENERGY_AWARE = False
REQUIRES = ("optuna", "torch", "scipy")
SUITES = ("paper-hosts", "foreign")


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise(setting, sampler=GPSampler(seed=setting.host_seed))
