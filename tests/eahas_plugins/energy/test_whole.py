import logging
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.energy import (
    AboveIdleMeter,
    CpuTimeMeter,
    FakeMeter,
    NvmlMeter,
    RaplMeter,
    SelectedMeter,
    Share,
    SumMeter,
    WholeDeviceMeter,
    ZeusMeter,
    between,
    calibrate,
    grams_co2e,
    whole,
)
from eahas_plugins.energy.grid import GRID_G_PER_KWH, GRID_SOURCE, GRID_YEAR
from eahas_plugins.energy.roster import Roster
from tests.eahas_plugins.energy.machines import Cpus, Gpus, Nvml, add_zone


def test_scale_offset_and_pue():
    inner = FakeMeter()
    inner.advance(kwh=0.0, seconds=0.0, parts={"gpu": 0.0, "cpu": 0.0})
    meter = WholeDeviceMeter(inner, scale=1.25, offset_watts=60.0, pue=1.5)
    before = meter.read()
    inner.advance(kwh=0.4, seconds=3600.0, parts={"gpu": 0.3, "cpu": 0.1})
    measured = between(before, meter.read())
    assert measured.energy_kwh == pytest.approx(1.5 * (1.25 * 0.4 + 0.06))
    assert sum(between(before, meter.read()).parts_kwh.values()) == pytest.approx(
        measured.energy_kwh
    )
    assert meter.read().parts_kwh["gpu"] == 0.3
    assert "1.25 + 60 W, PUE 1.5" in measured.provenance.meter


def test_two_meters_of_different_devices_add_up():
    gpu, cpu = FakeMeter(scope="machine"), FakeMeter()
    meter = SumMeter([gpu, cpu])
    before = meter.read()
    gpu.advance(kwh=2.0, parts={"gpu": 2.0})
    cpu.advance(kwh=0.5, parts={"cpu": 0.25, "memory": 0.25})
    after = meter.read()
    assert after.energy_kwh - before.energy_kwh == 2.5
    assert after.parts_kwh == {"gpu": 2.0, "cpu": 0.25, "memory": 0.25}
    assert meter.provenance.scope == "machine"
    assert meter.provenance.kind == "estimated"
    with pytest.raises(ValueError, match="at least one meter"):
        SumMeter([])


@given(st.floats(0.5, 3.0), st.floats(0.0, 300.0))
def test_calibration_finds_scale_and_offset(scale, offset_watts):
    seconds = [600.0, 600.0, 1200.0]
    counted_w = [5.0, 80.0, 250.0]
    counted = [w * s / 3.6e6 for w, s in zip(counted_w, seconds, strict=True)]
    wall = [(scale * w + offset_watts) * s / 3.6e6 for w, s in zip(counted_w, seconds, strict=True)]
    try:
        found = calibrate(seconds=seconds, counted_kwh=counted, wall_kwh=wall)
    except ValueError:
        assert offset_watts < 1e-9  # rounding may put an offset of nothing below zero
        return
    assert found.scale == pytest.approx(scale)
    assert found.offset_watts == pytest.approx(offset_watts, abs=1e-6)
    assert found.rms_error_watts < 1e-6


def test_an_offset_is_given_once():
    """Both would be one device, the rest of the machine, of which only one is left."""
    meter = WholeDeviceMeter(FakeMeter(), offset_watts=10.0)
    with pytest.raises(ValueError, match=r"offset_watts is in .* already"):
        WholeDeviceMeter(meter, offset_watts=10.0)
    assert WholeDeviceMeter(meter, pue=1.5).provenance.device_ids[-1] == "machine:rest"


@pytest.mark.parametrize("how", [{"scale": 1.1}, {"pue": 1.2}])
def test_corrections_of_corrections_lose_nothing(how):
    fake = FakeMeter()
    meter = WholeDeviceMeter(WholeDeviceMeter(fake, scale=2.0, pue=1.5), **how)
    before = meter.read()
    fake.advance(kwh=1.0)
    (factor,) = how.values()
    assert between(before, meter.read()).energy_kwh == pytest.approx(3.0 * factor)


def test_a_wall_meter_that_shows_the_same_whatever_is_counted_calibrates_nothing():
    with pytest.raises(ValueError, match="which no machine has"):
        calibrate(seconds=[1.0, 2.0], counted_kwh=[1.0, 1.0], wall_kwh=[1.0, 2.0])


def test_calibration_needs_windows_of_different_load():
    with pytest.raises(ValueError, match="different load"):
        calibrate(seconds=[1.0, 2.0], counted_kwh=[1.0, 2.0], wall_kwh=[1.0, 2.0])
    with pytest.raises(ValueError, match="two windows"):
        calibrate(seconds=[1.0], counted_kwh=[1.0], wall_kwh=[1.0])
    with pytest.raises(ValueError, match="no machine has"):
        calibrate(seconds=[1.0, 1.0], counted_kwh=[1.0, 2.0], wall_kwh=[2.0, 1.0])


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("scale", 0.0),
        ("scale", math.nan),
        ("offset_watts", -1.0),
        ("offset_watts", math.nan),
        ("pue", 0.9),
        ("pue", math.inf),
    ],
)
def test_impossible_corrections_are_refused(argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be"):
        WholeDeviceMeter(FakeMeter(), **{argument: value})


def test_emissions_from_the_table_and_from_the_user():
    assert grams_co2e(10.0, country="deu") == pytest.approx(3810.0)
    assert grams_co2e(10.0, country="DEU", g_per_kwh=0.0) == 0.0
    assert grams_co2e(10.0, g_per_kwh=25.0) == 250.0


def test_the_table_is_dated_sourced_and_plausible():
    assert GRID_YEAR == 2023
    assert "Ember" in GRID_SOURCE
    assert all(len(code) == 3 and 20.0 < g < 900.0 for code, g in GRID_G_PER_KWH.items())
    assert GRID_G_PER_KWH["NOR"] < GRID_G_PER_KWH["FRA"] < GRID_G_PER_KWH["DEU"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "g_per_kwh or country"),
        ({"country": "XXX"}, "give g_per_kwh yourself"),
        ({"g_per_kwh": math.nan}, "g_per_kwh must be finite and not neg"),
        ({"g_per_kwh": -1.0}, "g_per_kwh must be finite and not neg"),
    ],
)
def test_emissions_without_an_intensity_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        grams_co2e(1.0, **arguments)


def test_emissions_of_an_unknown_energy_are_refused():
    with pytest.raises(ValueError, match="energy_kwh must be finite and not neg"):
        grams_co2e(math.nan, country="FRA")


def test_a_sum_refuses_a_device_that_two_of_them_count(tmp_path):
    driver = Nvml(2)
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    rapl, cpu_time = RaplMeter(tmp_path), CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0)
    zeus = ZeusMeter(
        cpus=True, devices=SimpleNamespace(get_gpus=lambda: [], get_cpus=lambda: Cpus(1))
    )
    for meters, what in (
        ([NvmlMeter([0], nvml=driver), NvmlMeter([0, 1], nvml=driver)], "GPU-0"),
        ([rapl, zeus], "cpu:package-0"),
        ([rapl, cpu_time], "CPU time"),
        ([cpu_time, cpu_time], "process:cpu"),
    ):
        with pytest.raises(ValueError, match=what):
            SumMeter(meters)
    both = SumMeter([NvmlMeter([0], nvml=driver), NvmlMeter([1], nvml=driver), rapl])
    assert both.provenance.device_ids == ("gpu:GPU-0", "gpu:GPU-1", "cpu:package-0")


def test_some_devices_of_a_meter():
    driver = Nvml(2)
    meter = SelectedMeter(NvmlMeter(nvml=driver), ["gpu:GPU-1"])
    before = meter.read()
    driver.mj[:] = [3_600_000, 7_200_000]
    assert between(before, meter.read()).energy_kwh == pytest.approx(2e-3)
    assert meter.provenance.devices == ("A100 GPU-1",)
    with pytest.raises(ValueError, match="gpu:GPU-9"):
        SelectedMeter(NvmlMeter(nvml=driver), ["gpu:GPU-9"])


def test_what_a_machine_draws_at_rest_is_subtracted(tmp_path):
    inner = FakeMeter()
    inner.advance(kwh=5.0, parts={"gpu": 4.0, "cpu": 1.0})
    meter = AboveIdleMeter(inner, idle_watts={"gpu": 100.0})
    before = meter.read()
    inner.advance(kwh=0.4, seconds=3600.0, parts={"gpu": 0.3, "cpu": 0.1})
    assert between(before, meter.read()).parts_kwh == {
        "gpu": pytest.approx(0.2),
        "cpu": pytest.approx(0.1),
    }
    inner.advance(kwh=0.05, seconds=3600.0, parts={"gpu": 0.05})  # less than at rest: nothing
    assert between(before, meter.read()).energy_kwh == pytest.approx(0.3)
    driver = Nvml(2)
    gpus = AboveIdleMeter(NvmlMeter(nvml=driver), idle_watts={"gpu": 0.0})
    first, second = (Share(gpus, roster=Roster(folder=tmp_path)) for _ in range(2))
    driver.mj[:] = [3_600_000, 3_600_000]
    total_kwh = first.leave().energy_kwh + second.leave().energy_kwh
    assert total_kwh == pytest.approx(2e-3)  # shared as the devices are


def test_what_is_drawn_at_rest_is_subtracted_however_often_one_reads():
    inner = FakeMeter()
    inner.advance(kwh=1.0, parts={"gpu": 1.0})
    meter = AboveIdleMeter(inner, idle_watts={"gpu": 50.0})
    before = meter.read()
    for _ in range(10):
        for _ in range(9):  # the counter moves at every tenth reading only
            inner.advance(kwh=0.0, seconds=0.01)
            meter.read()
        inner.advance(kwh=10.0 / 3.6e6, seconds=0.01, parts={"gpu": 10.0 / 3.6e6})  # 100 W
        meter.read()
    assert between(before, meter.read()).watts == pytest.approx(50.0)


def test_a_part_that_the_meter_does_not_tell_is_warned_about(caplog, monkeypatch):
    monkeypatch.setattr(whole._log, "disabled", False)
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        AboveIdleMeter(NvmlMeter(nvml=Nvml(1)), idle_watts={"gpus": 25.0, "gpu": 25.0})
    (record,) = caplog.records
    assert "idle_watts names gpus" in record.getMessage()
    for bad in (None, 25.0, [("gpu", 25.0)]):
        with pytest.raises(ValueError, match="idle_watts must be watts by part"):
            AboveIdleMeter(FakeMeter(), idle_watts=bad)


def test_what_is_corrected_is_estimated_and_says_which_parts_are_not():
    counted = NvmlMeter(nvml=Nvml(1))
    for how in ({"scale": 1.1}, {"offset_watts": 20.0}, {"pue": 1.4}):
        provenance = WholeDeviceMeter(counted, **how).provenance
        assert provenance.kind == "estimated"
        assert provenance.part_kinds["gpu"] == "measured"
        assert provenance.part_kinds["facility"] == "estimated"
        assert len(provenance.devices) == len(provenance.device_ids)
    assert WholeDeviceMeter(counted).provenance.kind == "measured"


def test_a_sum_refuses_one_device_by_two_names():
    driver, found = Nvml(1), SimpleNamespace(get_gpus=lambda: Gpus("A100"), get_cpus=lambda: [])
    with pytest.raises(ValueError, match="gpu is by its driver and zeus"):
        SumMeter([NvmlMeter(nvml=driver), ZeusMeter(cpus=False, devices=found)])


def test_a_sum_takes_gpus_of_different_models():
    found = SimpleNamespace(get_gpus=lambda: Gpus("AMD MI250", "A100"), get_cpus=lambda: [])
    nvml, zeus = NvmlMeter(nvml=Nvml(1)), ZeusMeter(cpus=False, devices=found)
    amd = SelectedMeter(zeus, ["gpu:zeus 0"])
    assert SumMeter([nvml, amd]).provenance.device_ids == ("gpu:GPU-0", "gpu:zeus 0")
    own = SimpleNamespace(
        provenance=replace(zeus.provenance, device_ids=("gpu:0", "gpu:1")), read=zeus.read
    )
    for meters in ([nvml, zeus], [nvml, SelectedMeter(zeus, ["gpu:zeus 1"])], [own, amd]):
        with pytest.raises(ValueError, match="may name the same device differently"):
            SumMeter(meters)


@pytest.mark.parametrize("watts", [-1.0, math.nan, math.inf])
def test_an_impossible_power_at_rest_is_refused(watts):
    with pytest.raises(ValueError, match="idle_watts of gpu"):
        AboveIdleMeter(FakeMeter(), idle_watts={"gpu": watts})
