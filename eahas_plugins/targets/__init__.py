"""What trains a configuration and says what it cost: the same objects for SMAC and HpBandSter."""

from __future__ import annotations

from eahas_plugins.targets.energy_target import EnergyTarget, Train
from eahas_plugins.targets.estimate import EnergyEstimate, EstimatesEnergy
from eahas_plugins.targets.surrogate_target import SurrogateTarget
from eahas_plugins.targets.training import EnergyTraining

__all__ = [
    "EnergyEstimate",
    "EnergyTarget",
    "EnergyTraining",
    "EstimatesEnergy",
    "SurrogateTarget",
    "Train",
]
