import logging
import sys
from functools import partial
from types import SimpleNamespace

import pytest

from eahas_plugins.energy import (
    MeterError,
    NvmlMeter,
    RaplMeter,
    ZeusMeter,
    auto,
    auto_meter,
    between,
    choose_meter,
)
from eahas_plugins.energy.replay import FakeMeter
from tests.eahas_plugins.energy.machines import Cpus, Gpus, Nvml, add_zone


def absent(name):
    def make():
        raise MeterError(f"{name} is absent")

    return make


def present():
    return FakeMeter(scope="machine")


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch):
    for name in ("NvmlMeter", "RaplMeter", "ZeusMeter", "CodecarbonMeter"):
        monkeypatch.setattr(auto, name, absent(name))
    monkeypatch.setattr(auto, "_chosen", {})


def test_gpu_and_cpu_counters_are_added(monkeypatch):
    monkeypatch.setattr(auto, "NvmlMeter", present)
    monkeypatch.setattr(auto, "RaplMeter", present)
    choice = choose_meter()
    assert choice.meter.provenance.meter == "fake + fake"
    assert "GPU and CPU are counted" in choice.why


@pytest.mark.parametrize("name", ["NvmlMeter", "RaplMeter"])
def test_one_counter_alone_says_that_parts_are_left_out(monkeypatch, caplog, name):
    monkeypatch.setattr(auto, name, lambda: FakeMeter(scope="machine"))
    monkeypatch.setattr(auto._log, "disabled", False)  # SMAC's set-up disables others' loggers
    caplog.set_level(logging.INFO)  # and sets the level of all
    auto_meter()
    assert caplog.records[0].levelno == logging.WARNING
    choice = choose_meter()
    assert isinstance(choice.meter, FakeMeter)
    assert choice.why[-1] == "parts without a counter are left out"


def test_zeus_comes_before_any_estimate(monkeypatch):
    monkeypatch.setattr(auto, "ZeusMeter", present)
    assert isinstance(choose_meter().meter, FakeMeter)


@pytest.mark.parametrize(("platform", "expected"), [("linux", "cpu-time"), ("darwin", "fake")])
def test_codecarbon_is_taken_where_it_knows_more_than_cpu_time(monkeypatch, platform, expected):
    monkeypatch.setattr(auto, "CodecarbonMeter", present)
    monkeypatch.setattr(sys, "platform", platform)
    assert choose_meter().meter.provenance.meter.startswith(expected)


def test_the_last_resort_is_an_estimate_and_says_what_was_missing():
    choice = choose_meter()
    assert choice.meter.provenance.kind == "estimated"
    reasons = " ".join(choice.why)
    assert all(name in reasons for name in ("no NVML", "no RAPL", "no Zeus", "an estimate"))


@pytest.mark.parametrize(
    "error",
    [ImportError("pip install it"), OSError("broken inside"), ValueError("numpy.dtype size")],
)
@pytest.mark.parametrize("name", ["NvmlMeter", "RaplMeter", "ZeusMeter"])
def test_whatever_a_probe_raises_is_a_reason_and_no_error(monkeypatch, error, name):
    def broken():
        raise error

    monkeypatch.setattr(auto, name, broken)
    assert any(str(error) in reason for reason in choose_meter().why)


def test_an_import_that_fails_in_any_way_is_a_reason(monkeypatch, tmp_path):
    for module, text in (
        ("pynvml", "raise OSError('libnvidia-ml.so.1: file too short')"),
        ("zeus", "raise ValueError('numpy.dtype size changed')"),
    ):
        (tmp_path / f"{module}.py").write_text(text)
        for loaded in [m for m in sys.modules if m.split(".")[0] == module]:
            monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(auto, "NvmlMeter", NvmlMeter)
    monkeypatch.setattr(auto, "ZeusMeter", ZeusMeter)
    reasons = " ".join(choose_meter().why)
    assert "file too short" in reasons
    assert "numpy.dtype size changed" in reasons


def test_a_process_has_one_meter_and_an_estimate_is_logged_as_a_warning(caplog):
    with caplog.at_level(logging.INFO, logger="eahas_plugins"):
        assert auto_meter() is auto_meter()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "Energy is estimated by cpu-time" in record.getMessage()


def real(monkeypatch, *, nvml=None, zones=None, zeus=None):
    """Let the real meters look at stand-ins of devices."""
    if nvml is not None:
        monkeypatch.setattr(auto, "NvmlMeter", lambda: NvmlMeter(nvml=nvml))
    if zones is not None:
        monkeypatch.setattr(auto, "RaplMeter", lambda: RaplMeter(zones))
    if zeus is not None:
        monkeypatch.setattr(auto, "ZeusMeter", lambda: ZeusMeter(devices=zeus))


def no_cpus():
    raise RuntimeError("not through Zeus")


def test_each_trial_may_show_another_gpu_to_what_it_starts(monkeypatch):
    driver = Nvml(2)
    monkeypatch.setattr(auto, "NvmlMeter", partial(NvmlMeter, nvml=driver))
    meters = {}
    for visible in ("0", "1", "0"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        meter = auto_meter()
        assert meters.setdefault(visible, meter) is meter
        before = meter.read()
        driver.mj[int(visible)] += 5_000
        assert 3.6e6 * between(before, meter.read()).parts_kwh["gpu"] == pytest.approx(5.0)


def test_an_amd_gpu_is_counted_beside_rapl(monkeypatch, tmp_path):
    gpus, counter = Gpus("MI250X"), add_zone(tmp_path, "intel-rapl:0", "package-0")
    zeus = SimpleNamespace(get_gpus=lambda: gpus, get_cpus=no_cpus)
    real(monkeypatch, zones=tmp_path, zeus=zeus)
    choice = choose_meter()
    before = choice.meter.read()
    gpus.mj[0] = 600_000
    counter.write_text("40000000")
    measured = between(before, choice.meter.read())
    assert measured.energy_kwh * 3.6e6 == pytest.approx(640.0)
    assert measured.provenance.kind == "measured"
    assert any("MI250X" in reason for reason in choice.why)


def test_what_zeus_counts_as_well_is_not_counted_twice(monkeypatch, tmp_path):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0")
    monkeypatch.setattr("eahas_plugins.energy.zeus_meter.rapl_is_readable", lambda: False)
    gpus, cpus = Gpus("MI250X"), Cpus(2)
    zeus = SimpleNamespace(get_gpus=lambda: gpus, get_cpus=lambda: cpus)
    real(monkeypatch, zones=tmp_path, zeus=zeus)
    choice = choose_meter()
    before = choice.meter.read()
    counter.write_text("40000000")
    cpus.mj, gpus.mj[0] = 40_000, 2_000
    measured = between(before, choice.meter.read())
    assert measured.energy_kwh * 3.6e6 == pytest.approx(42.0)
    assert measured.provenance.device_ids == ("cpu:package-0", "gpu:zeus 0")


def test_a_gpu_without_a_cpu_counter_gets_an_estimate_of_the_cpu_beside_it(monkeypatch):
    nvml = Nvml(1)
    real(monkeypatch, nvml=nvml)
    meter = choose_meter().meter
    assert meter.provenance.kind == "estimated"
    assert meter.provenance.part_kinds == {"gpu": "measured", "cpu": "estimated"}
    before = meter.read()
    nvml.mj[0] += 3_600_000
    sum(range(300_000))
    parts = between(before, meter.read()).parts_kwh
    assert parts["gpu"] == pytest.approx(1e-3)
    assert 0.0 < parts["cpu"] < 1e-4


def test_what_is_left_out_is_named(monkeypatch, tmp_path, caplog):
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    (add_zone(tmp_path, "intel-rapl:0:0", "dram")).write_text("")
    real(monkeypatch, zones=tmp_path)
    monkeypatch.setattr(auto._log, "disabled", False)
    with caplog.at_level(logging.INFO, logger="eahas_plugins"):
        meter = auto_meter()
    assert meter.provenance.devices == ("package-0 (intel-rapl:0)",)
    assert "dram (intel-rapl:0:0)" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING
