"""EA-BOHB: short schedules first, the best again with the longest."""

from eahas_plugins.optuna.samplers import ScheduleGPSampler, SchedulePromotionSampler, ea_bohb

__all__ = ["ScheduleGPSampler", "SchedulePromotionSampler", "ea_bohb"]
