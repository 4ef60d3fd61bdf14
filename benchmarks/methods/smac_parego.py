"""SMAC's random forest and ParEGO, complete trainings, 10 initial configurations.

For several objectives.
"""

from __future__ import annotations

from benchmarks.harness.hosts.smac import optimise_smac
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade

LABEL = "SMAC ParEGO"
ENERGY_AWARE = False
REQUIRES = ("smac",)
SUITES = ("fronts",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_smac(setting, facade=EnergyHyperparameterOptimizationFacade)
