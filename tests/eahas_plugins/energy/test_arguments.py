"""Arguments that are numbers are numbers: of meters, estimates and records."""

from __future__ import annotations

import math
from typing import Any

import pytest

from eahas_plugins.energy import (
    AboveIdleMeter,
    CpuTimeMeter,
    FakeMeter,
    RecordingMeter,
    SelectedMeter,
    Share,
    SumMeter,
    WholeDeviceMeter,
    calibrate,
    estimate_energy,
    grams_co2e,
    measure_inference,
)
from eahas_plugins.energy.codecarbon_meter import CodecarbonMeter
from eahas_plugins.energy.estimate import Coefficient
from eahas_plugins.energy.exports import EnergyRecord
from eahas_plugins.energy.survey import survey
from tests.eahas_plugins.bad_numbers import Arguments, check_refuses, table


def refused_alone(make: Any, **needed: Any) -> Any:
    """Of what takes its time, or needs a package, only what is refused is made."""
    return lambda **how: make(**{**needed, **how}) if how else None


MADE = {
    "AboveIdleMeter": Arguments(
        lambda idle_watts=1.0: AboveIdleMeter(FakeMeter(), idle_watts={"cpu": idle_watts}),
        {"idle_watts": "not negative"},
    ),
    "CodecarbonMeter": Arguments(refused_alone(CodecarbonMeter), {"sample_every_s": "positive"}),
    "CpuTimeMeter": Arguments(
        CpuTimeMeter,
        {"watts_per_core": "positive", "idle_watts": "not negative"},
        {"watts_per_core": 1.0, "idle_watts": 0.0},
    ),
    "FakeMeter": Arguments(FakeMeter, {"watts": "not negative", "resolution_s": "not negative"}),
    "FakeMeter.advance": Arguments(
        lambda **how: FakeMeter().advance(**{"kwh": 1.0, **how}),
        {"kwh": "not negative", "seconds": "not negative"},
    ),
    "WholeDeviceMeter": Arguments(
        WholeDeviceMeter,
        {"scale": "positive", "offset_watts": "not negative", "pue": "positive"},
        {"meter": FakeMeter()},
    ),
    "Coefficient": Arguments(
        Coefficient,
        {"low": "not negative", "central": "not negative", "high": "not negative"},
        {"low": 1.0, "central": 2.0, "high": 3.0, "unit": "W", "source": "made up"},
    ),
    "EnergyRecord": Arguments(
        EnergyRecord,
        {"energy_kwh": "positive", "seconds": "positive?"},
        {"name": "a", "energy_kwh": 1.0},
    ),
    "grams_co2e": Arguments(
        grams_co2e,
        {"energy_kwh": "not negative", "g_per_kwh": "not negative?"},
        {"energy_kwh": 1.0, "g_per_kwh": 2.0},
    ),
    "measure_inference": Arguments(
        refused_alone(measure_inference, run=lambda: None, n_samples=1),
        {"n_samples": "count", "warm_up": "from 0", "n_windows": "count"},
    ),
    "survey": Arguments(refused_alone(survey), {"seconds": "positive"}),
}


@table(MADE)
def test_what_is_no_number_is_refused_by_name(arguments: Arguments, name: str) -> None:
    check_refuses(arguments, name)


@pytest.mark.parametrize("bad", ["3", True, None])
@pytest.mark.parametrize("name", ["cpu_s", "multiply_adds", "bytes_moved"])
def test_an_amount_of_an_estimate_is_a_number(name: str, bad: Any) -> None:
    good = {"cpu_s": 1.0, "multiply_adds": 1.0, "bytes_moved": 1.0}
    for value in (bad, [bad]):
        with pytest.raises(ValueError, match=f"{name} must be numbers but got"):
            estimate_energy(**{**good, name: value})


@pytest.mark.parametrize("bad", ["3", True, None])
@pytest.mark.parametrize("name", ["seconds", "counted_kwh", "wall_kwh"])
def test_windows_of_a_calibration_are_numbers(name: str, bad: Any) -> None:
    good = {"seconds": [1.0, 1.0], "counted_kwh": [1.0, 2.0], "wall_kwh": [1.0, 2.0]}
    with pytest.raises(ValueError, match=f"{name} must be numbers but got"):
        calibrate(**{**good, name: [bad, bad]})


@pytest.mark.parametrize("bad", [None, 3, FakeMeter, "auto", "nvml"])
@pytest.mark.parametrize(
    "make",
    [
        lambda bad: SumMeter([FakeMeter(), bad]),
        lambda bad: WholeDeviceMeter(bad),
        lambda bad: AboveIdleMeter(bad, idle_watts={}),
        lambda bad: SelectedMeter(bad, ["gpu:0"]),
        lambda bad: RecordingMeter(bad, "readings.jsonl"),
        lambda bad: Share(bad),
    ],
)
def test_what_is_no_meter_is_refused(make: Any, bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="meter must be a meter but got"):
        make(bad)


@pytest.mark.parametrize(
    ("counted", "wall", "what"),
    [
        ([1.0, math.nan], [1.0, 2.0], "counted_kwh"),
        ([1.0, -2.0], [1.0, 2.0], "counted_kwh"),
        ([1.0, 2.0], [1.0], "wall_kwh"),
        ([1.0, 2.0], [1.0, math.inf], "wall_kwh"),
    ],
)
def test_a_calibration_has_an_energy_of_each_window(counted: Any, wall: Any, what: str) -> None:
    with pytest.raises(ValueError, match=f"{what} must be at least 0, finite and one for each"):
        calibrate(seconds=[1.0, 1.0], counted_kwh=counted, wall_kwh=wall)


def test_amounts_of_an_estimate_are_numbers_or_arrays() -> None:
    with pytest.raises(ValueError, match="cpu_s must be a number or an array"):
        estimate_energy(cpu_s=[1.0, 2.0], multiply_adds=1.0, bytes_moved=1.0)  # type: ignore[type-var]


@pytest.mark.parametrize("country", [3, b"FRA", ["FRA"]])
def test_a_country_is_a_code(country: Any) -> None:
    with pytest.raises(ValueError, match="country must be one of"):
        grams_co2e(1.0, country=country)
