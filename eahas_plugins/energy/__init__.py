"""Energy meters: how much energy a training has used, and how that is known."""

from eahas_plugins.energy.auto import MeterChoice, auto_meter, choose_meter
from eahas_plugins.energy.codecarbon_meter import CodecarbonMeter
from eahas_plugins.energy.combined import SelectedMeter, SumMeter
from eahas_plugins.energy.cpu_time import CpuTimeMeter
from eahas_plugins.energy.estimate import SERVER_CORE, EnergyModel, Estimate, estimate_energy
from eahas_plugins.energy.grid import GRID_G_PER_KWH, GRID_SOURCE, GRID_YEAR, grams_co2e
from eahas_plugins.energy.inference import InferenceCost, measure_inference
from eahas_plugins.energy.nvml import NvmlMeter
from eahas_plugins.energy.rapl import RaplMeter
from eahas_plugins.energy.readings import (
    EnergyMeter,
    Measurement,
    MeterError,
    Provenance,
    Reading,
    between,
)
from eahas_plugins.energy.replay import FakeMeter, RecordingMeter, ReplayMeter
from eahas_plugins.energy.sharing import Share
from eahas_plugins.energy.whole import AboveIdleMeter, Calibration, WholeDeviceMeter, calibrate
from eahas_plugins.energy.zeus_meter import ZeusMeter

__all__ = [
    "GRID_G_PER_KWH",
    "GRID_SOURCE",
    "GRID_YEAR",
    "SERVER_CORE",
    "AboveIdleMeter",
    "Calibration",
    "CodecarbonMeter",
    "CpuTimeMeter",
    "EnergyMeter",
    "EnergyModel",
    "Estimate",
    "FakeMeter",
    "InferenceCost",
    "Measurement",
    "MeterChoice",
    "MeterError",
    "NvmlMeter",
    "Provenance",
    "RaplMeter",
    "Reading",
    "RecordingMeter",
    "ReplayMeter",
    "SelectedMeter",
    "Share",
    "SumMeter",
    "WholeDeviceMeter",
    "ZeusMeter",
    "auto_meter",
    "between",
    "calibrate",
    "choose_meter",
    "estimate_energy",
    "grams_co2e",
    "measure_inference",
]
