"""SMAC with complete schedules as rungs: EA-BOHB's model and rule, after SMAC's initial design.

Everything as ``EnergyMultiFidelityFacade`` has it by default.
"""

from __future__ import annotations

from benchmarks.harness.hosts.smac import optimise_smac
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.smac import EnergyMultiFidelityFacade

LABEL = "EA-SMAC"
ENERGY_AWARE = True
REQUIRES = ("smac",)
SUITES = ("paper-hosts",)
PLAIN = "smac-mf"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_smac(
        setting, facade=EnergyMultiFidelityFacade, fidelity="schedule", cooling=1.0
    )
