"""EA-BOHB with its defaults: a Gaussian process tries short schedules, the best get the longest.

New configurations are chosen by expected improvement per kWh, and longer schedules have their
share of the energy: ``eahas_plugins.optuna.samplers.ScheduleGPSampler``.
"""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb

LABEL = "EA-BOHB"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("smoke", "paper", "foreign", "fronts")
PLAIN = "bohb"
MAIN = True


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler, pruner = ea_bohb(seed=setting.host_seed)
    return optimise(setting, sampler=sampler, pruner=pruner)
