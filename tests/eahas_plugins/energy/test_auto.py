import logging
import sys

import pytest

from eahas_plugins.energy import MeterError, auto, auto_meter, choose_meter
from eahas_plugins.energy.replay import FakeMeter


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


def test_a_missing_package_is_a_reason_and_a_broken_one_an_error(monkeypatch):
    def not_installed():
        raise ImportError("pip install it")

    def broken():
        raise OSError("broken inside")

    monkeypatch.setattr(auto, "NvmlMeter", not_installed)
    assert "no NVML (pip install it)" in choose_meter().why
    monkeypatch.setattr(auto, "NvmlMeter", broken)
    with pytest.raises(OSError, match="broken inside"):
        choose_meter()


def test_a_process_has_one_meter_and_an_estimate_is_logged_as_a_warning(caplog):
    with caplog.at_level(logging.INFO, logger="eahas_plugins"):
        assert auto_meter() is auto_meter()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "Energy is estimated by cpu-time" in record.getMessage()
