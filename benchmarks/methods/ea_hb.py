"""Hyperband whose rungs are kWh: factor 3, random configurations, as ``hb`` otherwise.

The highest rung is a tenth of the study's budget, and the lowest a fiftieth of that, the ratio of
the paper's epochs.
"""

from __future__ import annotations

from optuna.samplers import RandomSampler

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.pruners import EnergyHyperbandPruner

LABEL = "EA-HB"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
PLAIN = "hb"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    max_kwh = setting.budget_kwh / 10.0
    return optimise(
        setting,
        sampler=RandomSampler(seed=setting.host_seed),
        pruner=EnergyHyperbandPruner(min_kwh=max_kwh / 50.0, max_kwh=max_kwh),
    )
