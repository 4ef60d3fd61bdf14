"""SMAC's ParEGO whose expected improvement is per kWh, cooled as the budget is used up.

For several objectives.
"""

from __future__ import annotations

from benchmarks.harness.hosts.smac import optimise_smac
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade

LABEL = "EA-SMAC ParEGO"
ENERGY_AWARE = True
REQUIRES = ("smac",)
SUITES = ("fronts",)
PLAIN = "smac-parego"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_smac(setting, facade=EnergyHyperparameterOptimizationFacade, cooling=1.0)
