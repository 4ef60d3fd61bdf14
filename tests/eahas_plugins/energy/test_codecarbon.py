"""With the real package, on whatever this machine has."""

import os
import pickle
import signal
import sys
import time

import pytest
import requests

from eahas_plugins.energy import (
    CodecarbonMeter,
    CpuTimeMeter,
    MeterError,
    RaplMeter,
    SumMeter,
    between,
)
from tests.eahas_plugins.energy.machines import add_zone


@pytest.fixture(scope="module")
def meter():
    meter = CodecarbonMeter(sample_every_s=1.0)
    yield meter
    meter.close()


def test_it_counts_and_says_estimated_and_how(meter):
    before = meter.read()
    time.sleep(1.1)
    measured = between(before, meter.read())
    assert measured.provenance.kind == "estimated"
    assert measured.provenance.meter.startswith("codecarbon 3.")
    assert any(device.startswith("CPU") for device in measured.provenance.devices)
    assert 0.5 < measured.watts < 2000.0
    assert sum(measured.parts_kwh.values()) == pytest.approx(measured.energy_kwh)
    assert measured.parts_kwh["memory"] > 0.0


def test_its_parts_are_devices_that_nothing_else_may_count(meter, tmp_path):
    assert meter.provenance.device_ids[:2] == ("cpu:codecarbon", "memory:codecarbon")
    assert len(meter.provenance.devices) == len(meter.provenance.device_ids)
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    for other in (RaplMeter(tmp_path), CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0)):
        with pytest.raises(ValueError, match="must be counted by one meter"):
            SumMeter([meter, other])


def test_nothing_is_written(meter, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    meter.read()
    assert list(tmp_path.iterdir()) == []


def test_what_codecarbon_is_configured_to_is_not_what_is_counted(monkeypatch):
    """A user of CodeCarbon has told it of the data centre, of the place, and of one process."""
    monkeypatch.setenv("CODECARBON_PUE", "100")
    monkeypatch.setenv("CODECARBON_TRACKING_MODE", "process")
    monkeypatch.setenv("CODECARBON_ELECTRICITYMAPS_API_TOKEN", "secret")
    monkeypatch.setenv("CODECARBON_FORCE_RAM_POWER", "20")
    asked = []
    monkeypatch.setattr(requests.Session, "request", lambda *words, **_: asked.append(words))
    meter = CodecarbonMeter(sample_every_s=1.0)
    try:
        before = meter.read()
        time.sleep(0.2)
        measured = between(before, meter.read())
    finally:
        meter.close()
    memory_w = 3.6e6 * measured.parts_kwh["memory"] / measured.seconds
    assert 2.0 < memory_w < 200.0  # its clock is another, but not a hundred times as fast
    assert asked == []
    assert meter._tracker._tracking_mode == "machine"


def test_a_forked_process_does_not_wait_for_whoever_read_meanwhile(meter):
    with meter._lock:
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            meter.read()
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def test_silence_is_an_error_and_not_zero(meter, monkeypatch):
    monkeypatch.setattr(meter._tracker, "flush", lambda: None)  # as when it swallows an exception
    with pytest.raises(MeterError, match="did not answer"):
        meter.read()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_impossible_sampling_is_refused(seconds):
    with pytest.raises(ValueError, match="sample_every_s must be positive"):
        CodecarbonMeter(sample_every_s=seconds)


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "codecarbon", None)
    with pytest.raises(ImportError, match=r"pip install 'eahas-plugins\[meters\]'"):
        CodecarbonMeter()


def test_it_travels_to_another_process(meter):
    there = pickle.loads(pickle.dumps(meter))
    try:
        before = there.read()
        assert there.provenance == meter.provenance
        time.sleep(0.1)
        assert there.read().energy_kwh > before.energy_kwh
    finally:
        there.close()
