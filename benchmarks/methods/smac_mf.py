"""SMAC's multi-fidelity facade: Hyperband (factor 3) by cut epochs, its forest proposes.

A promoted training goes on where it stopped.
"""

from __future__ import annotations

from benchmarks.harness.hosts.smac import optimise_smac
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.smac import EnergyMultiFidelityFacade

LABEL = "SMAC-MF"
ENERGY_AWARE = False
REQUIRES = ("smac",)
SUITES = ("paper-hosts",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_smac(setting, facade=EnergyMultiFidelityFacade)
