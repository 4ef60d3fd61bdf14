import math
from dataclasses import FrozenInstanceError, replace

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
