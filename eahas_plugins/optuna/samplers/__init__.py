"""Energy-aware samplers."""

from eahas_plugins.optuna.samplers.bananas import BananasSampler
from eahas_plugins.optuna.samplers.ea_bohb import ea_bohb
from eahas_plugins.optuna.samplers.evolution import RegularizedEvolutionSampler
from eahas_plugins.optuna.samplers.gp import EnergyGPSampler
from eahas_plugins.optuna.samplers.local_search import LocalSearchSampler
from eahas_plugins.optuna.samplers.promotion import SchedulePromotionSampler
from eahas_plugins.optuna.samplers.schedule_gp import ScheduleGPSampler
from eahas_plugins.optuna.samplers.tpe import EnergyTPESampler

__all__ = [
    "BananasSampler",
    "EnergyGPSampler",
    "EnergyTPESampler",
    "LocalSearchSampler",
    "RegularizedEvolutionSampler",
    "ScheduleGPSampler",
    "SchedulePromotionSampler",
    "ea_bohb",
]
