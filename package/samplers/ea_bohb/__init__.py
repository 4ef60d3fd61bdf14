"""EA-BOHB: short schedules first, the best again with the longest."""

from eahas_plugins.optuna.samplers import SchedulePromotionSampler, ea_bohb

__all__ = ["SchedulePromotionSampler", "ea_bohb"]
