"""HpBandSter's own BOHB with the paper's settings: factor 3, trainings cut by epochs.

A promoted training goes on where it stopped. HpBandSter is in the extra ``hpbandster``.
"""

from __future__ import annotations

from benchmarks.harness.hosts.hpbandster import optimise_hpbandster
from benchmarks.harness.study import Evaluation, Setting

LABEL = "BOHB (HpBandSter)"
ENERGY_AWARE = False
REQUIRES = ("hpbandster",)
SUITES = ("paper-hosts",)


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    return optimise_hpbandster(setting, fidelity="cut")
