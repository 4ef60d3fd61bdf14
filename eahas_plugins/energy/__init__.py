"""Energy meters: how much energy a training has used, and how that is known."""

from eahas_plugins.energy.cpu_time import CpuTimeMeter
from eahas_plugins.energy.estimate import SERVER_CORE, EnergyModel, Estimate, estimate_energy
from eahas_plugins.energy.readings import (
    JOULES_PER_KWH,
    EnergyMeter,
    Measurement,
    MeterError,
    Provenance,
    Reading,
    between,
)

__all__ = [
    "JOULES_PER_KWH",
    "SERVER_CORE",
    "CpuTimeMeter",
    "EnergyMeter",
    "EnergyModel",
    "Estimate",
    "Measurement",
    "MeterError",
    "Provenance",
    "Reading",
    "between",
    "estimate_energy",
]
