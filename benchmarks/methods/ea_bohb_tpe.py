"""EA-BOHB with TPE in the place of its process: cooled TPE on short schedules, promotion as before.

What is promoted is one of the three best seen, since TPE predicts no values.
"""

from __future__ import annotations

from benchmarks.harness.hosts.optuna import optimise
from benchmarks.harness.study import Evaluation, Setting
from eahas_plugins.optuna.samplers.promotion import SchedulePromotionSampler
from eahas_plugins.optuna.samplers.tpe import EnergyTPESampler

LABEL = "EA-BOHB with TPE"
ENERGY_AWARE = True
REQUIRES = ("optuna",)
SUITES = ("paper",)
ABLATION_OF = "ea-bohb"


def run(setting: Setting) -> list[Evaluation]:
    """Spend the budget."""
    tpe = EnergyTPESampler(fidelity_param="max_epoch", seed=setting.host_seed)
    sampler = SchedulePromotionSampler(tpe, fidelity_param="max_epoch", seed=setting.host_seed)
    return optimise(setting, sampler=sampler)
