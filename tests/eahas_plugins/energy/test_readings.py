import math
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.energy import EnergyMeter, FakeMeter, MeterError, Provenance, Reading, between

COUNTER = Provenance(
    kind="measured", meter="counter", sampling="each", scope="machine", resolution_s=0.1
)


def reading(kwh, seconds, **parts):
    return Reading(energy_kwh=kwh, monotonic_s=seconds, provenance=COUNTER, parts_kwh=parts)


def test_difference_of_two_readings():
    measured = between(reading(2.0, 100.0, gpu=1.5), reading(3.0, 460.0, gpu=2.25, cpu=0.1))
    assert measured.energy_kwh == 1.0
    assert measured.seconds == 360.0
    assert measured.watts == pytest.approx(10_000.0)
    assert measured.parts_kwh == {"gpu": 0.75}  # the CPU was unknown at first
    assert measured.provenance is COUNTER
    assert measured.cpu_s is None


@given(st.floats(1e-9, 1e6), st.floats(1e-9, 1e6), st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_overlapping_trials_read_one_meter(kwh_1, kwh_2, seconds_1, seconds_2):
    meter = FakeMeter()
    start = meter.read()
    meter.advance(kwh=kwh_1, seconds=seconds_1)
    middle = meter.read()
    meter.advance(kwh=kwh_2, seconds=seconds_2)
    end = meter.read()
    first, second = between(start, middle), between(middle, end)
    whole = between(start, end)
    assert whole.energy_kwh == pytest.approx(first.energy_kwh + second.energy_kwh)
    assert whole.seconds == pytest.approx(first.seconds + second.seconds)


@pytest.mark.parametrize("kwh", [1.0, 0.5, math.nan])
def test_a_counter_that_stands_still_or_falls_is_refused(kwh):
    with pytest.raises(MeterError, match="choose another meter"):
        between(reading(1.0, 0.0), reading(kwh, 60.0))


def test_a_window_shorter_than_the_resolution_says_so():
    with pytest.raises(MeterError, match=r"at least 0\.1 s of work at once"):
        between(reading(1.0, 0.0), reading(1.0, 0.05))


def test_a_mean_power_needs_time():
    meter = FakeMeter()
    before = meter.read()
    meter.advance(kwh=1.0, seconds=0.0)
    measured = between(before, meter.read())
    assert measured.energy_kwh == 1.0
    with pytest.raises(MeterError, match="needs time to pass"):
        _ = measured.watts


def test_readings_of_two_meters_are_not_mixed():
    other = replace(reading(2.0, 1.0), provenance=replace(COUNTER, meter="other"))
    with pytest.raises(MeterError, match="one meter"):
        between(reading(1.0, 0.0), other)


def test_records_are_frozen_and_meters_are_recognised():
    with pytest.raises(FrozenInstanceError):
        COUNTER.kind = "estimated"
    assert isinstance(FakeMeter(), EnergyMeter)
    assert not isinstance(object(), EnergyMeter)


@pytest.mark.parametrize("number", [np.float32, np.float64, np.int64, np.array, Decimal, int])
def test_numbers_of_a_meter_of_ones_own_become_plain(number):
    told = Reading.of_devices(
        {"psu:0": {"gpu": number(2)}},
        monotonic_s=number(1),
        provenance=COUNTER,
        cpu_s=number(3),
        counters={"psu:0": number(4)},
    )
    assert told.energy_kwh == 2.0
    for plain in (told.energy_kwh, told.monotonic_s, told.cpu_s, told.counters["psu:0"]):
        assert type(plain) is float
    assert told.devices_kwh == {"psu:0": {"gpu": 2.0}}
    assert type(told.devices_kwh["psu:0"]["gpu"]) is float


def test_a_meter_may_go_on_with_its_own_mappings():
    parts, devices = {"gpu": 1.0}, {"psu:0": {"gpu": 1.0}}
    before = Reading(
        energy_kwh=1.0,
        monotonic_s=0.0,
        provenance=COUNTER,
        parts_kwh=parts,
        devices_kwh=devices,
    )
    parts["gpu"] = devices["psu:0"]["gpu"] = 3.0
    assert before.parts_kwh == before.devices_kwh["psu:0"] == {"gpu": 1.0}
