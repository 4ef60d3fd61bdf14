"""EA-BOHB: short schedules first, the best again with the longest."""

from eahas_plugins.optuna.samplers import ea_bohb
from eahas_plugins.optuna.samplers import ScheduleGPSampler
from eahas_plugins.optuna.samplers import SchedulePromotionSampler


__all__ = ["ScheduleGPSampler", "SchedulePromotionSampler", "ea_bohb"]
