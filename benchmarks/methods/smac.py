"""SMAC's random forest with expected improvement, complete trainings, 10 initial configurations."""

from __future__ import annotations

from benchmarks.harness import Evaluation, Setting
from benchmarks.harness_smac import optimise_smac
from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade

LABEL = "SMAC"
ENERGY_AWARE = False
REQUIRES = ("smac",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_smac(setting, facade=EnergyHyperparameterOptimizationFacade)
