"""TPE whose acquisition counts predicted energy, less and less as the budget is used up."""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.tpe import EnergyTPESampler

LABEL = "EA-TPE"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper", "fronts")
PLAIN = "tpe"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    sampler = EnergyTPESampler(fidelity_param="max_epoch", seed=setting.host_seed)
    return optimise(setting, sampler=sampler)
