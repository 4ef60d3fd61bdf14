"""SMAC with complete schedules as rungs, the paper's reward in promotions and cooling.

Everything as ``EnergyMultiFidelityFacade`` has it by default.
"""

from __future__ import annotations

from benchmarks.harness import Evaluation, Setting
from benchmarks.harness_smac import optimise_smac
from eahas_plugins.policy import PAPER_WEIGHT
from eahas_plugins.smac import EnergyMultiFidelityFacade

LABEL = "EA-SMAC"
ENERGY_AWARE = True
REQUIRES = ("smac",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_smac(
        setting,
        facade=EnergyMultiFidelityFacade,
        fidelity="schedule",
        reward_weight=PAPER_WEIGHT,
        cooling=1.0,
    )
