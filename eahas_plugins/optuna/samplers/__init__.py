"""Energy-aware samplers."""

from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb
from eahas_plugins.optuna.samplers.promotion import SchedulePromotionSampler
from eahas_plugins.optuna.samplers.tpe import EnergyTPESampler

__all__ = ["EnergyTPESampler", "SchedulePromotionSampler", "ea_bohb"]
