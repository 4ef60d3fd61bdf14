"""SMAC's random forest with expected improvement, complete trainings, 10 initial configurations."""

from __future__ import annotations

from benchmarks.harness.hosts.smac import optimise_smac
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade

LABEL = "SMAC"
ENERGY_AWARE = False
REQUIRES = ("smac",)
SUITES = ("paper-hosts",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_smac(setting, facade=EnergyHyperparameterOptimizationFacade)
