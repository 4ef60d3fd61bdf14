"""Random search: every configuration drawn uniformly, trained to the end of its schedule."""

from __future__ import annotations

from optuna.samplers import RandomSampler

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting

LABEL = "RS"
ENERGY_AWARE = False
REQUIRES = ("optuna",)
SUITES = ("smoke", "paper", "foreign", "fronts")
MAIN = True
PAPER_PLACE = 1


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise(setting, sampler=RandomSampler(seed=setting.host_seed))
