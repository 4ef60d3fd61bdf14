"""HpBandSter's BOHB with complete schedules as rungs, the paper's reward and cooling.

Everything as ``EnergyBOHB`` has it by default. HpBandSter is in the extra ``hpbandster``.
"""

from __future__ import annotations

from benchmarks.harness.hosts.hpbandster import optimise_hpbandster
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.policy import PAPER_EXPONENT, SHORT_UNTIL

LABEL = "EA-BOHB (HpBandSter)"
ENERGY_AWARE = True
REQUIRES = ("hpbandster",)
SUITES = ("paper-hosts",)
PLAIN = "hpbandster-bohb"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_hpbandster(
        setting,
        fidelity="schedule",
        cooling=1.0,
        reward_exponent=PAPER_EXPONENT,
        short_until=SHORT_UNTIL,
    )
