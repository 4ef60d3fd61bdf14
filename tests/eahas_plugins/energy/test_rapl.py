import gc
import logging
import multiprocessing
import threading
import time

import pytest

from eahas_plugins.energy import MeterError, RaplMeter, between, rapl
from tests.eahas_plugins.energy.machines import RANGE_UJ, add_zone


def test_packages_and_memory_are_added_and_what_lies_inside_is_not(tmp_path):
    counters = [
        add_zone(tmp_path, "intel-rapl:0", "package-0"),
        add_zone(tmp_path, "intel-rapl:1", "package-1"),
        add_zone(tmp_path, "intel-rapl:0:0", "dram"),
        add_zone(tmp_path, "intel-rapl:0:1", "core"),
        add_zone(tmp_path, "intel-rapl:2", "psys"),
        add_zone(tmp_path, "intel-rapl-mmio:0", "package-0"),
    ]
    meter = RaplMeter(tmp_path)
    before = meter.read()
    for i, counter in enumerate(counters):
        counter.write_text(str(10**i * 1_000_000))
    measured = between(before, meter.read())
    assert measured.energy_kwh * 3.6e6 == pytest.approx(111.0)
    assert measured.parts_kwh["cpu"] * 3.6e6 == pytest.approx(11.0)
    assert measured.parts_kwh["memory"] * 3.6e6 == pytest.approx(100.0)
    assert measured.provenance.kind == "measured"


def test_a_counter_that_wraps_around_goes_on(tmp_path):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0", uj=RANGE_UJ - 1_000_000)
    meter = RaplMeter(tmp_path)
    before = meter.read()
    counter.write_text("2000000")
    assert between(before, meter.read()).energy_kwh * 3.6e6 == pytest.approx(3.0)


def test_wraps_between_readings_are_seen_by_the_background_thread(tmp_path):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0", range_uj=1_000_000)  # polled: 0.5 ms
    meter = RaplMeter(tmp_path)
    before = meter.read()
    for uj in (900_000, 100_000, 900_000, 100_000):
        fresh = tmp_path / "fresh"
        fresh.write_text(str(uj))
        fresh.replace(counter)
        wait_until_seen(meter, uj)
    assert between(before, meter.read()).energy_kwh * 3.6e6 == pytest.approx(2.1)


def wait_until_seen(meter, uj):
    deadline = time.monotonic() + 10.0
    while meter._zones[0].counter.last != uj:
        assert time.monotonic() < deadline, "the background thread does not read"
        time.sleep(0.001)


def test_the_background_thread_ends_with_its_meter(tmp_path):
    add_zone(tmp_path, "intel-rapl:0", "package-0", range_uj=1_000_000)
    before = set(threading.enumerate())
    meter = RaplMeter(tmp_path)
    (thread,) = set(threading.enumerate()) - before
    del meter
    gc.collect()
    thread.join(timeout=10.0)
    assert not thread.is_alive()


def _read_in_child(meter, queue):
    queue.put((meter.read().energy_kwh, threading.active_count()))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_reads_on(tmp_path):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0")
    meter = RaplMeter(tmp_path)
    counter.write_text("3600000")
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_read_in_child, args=(meter, queue))
    child.start()
    energy_kwh, threads = queue.get(timeout=20)
    child.join()
    assert energy_kwh == pytest.approx(1e-6)
    assert threads >= 2  # it has a background thread of its own


def test_no_counter_raises_with_the_remedy(tmp_path):
    with pytest.raises(MeterError, match="modprobe intel_rapl_msr"):
        RaplMeter(tmp_path)


def test_counters_for_root_only_raise_with_the_remedy(tmp_path, monkeypatch):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0")
    read_text = type(counter).read_text

    def refuse(path, *args, **kwargs):
        if path == counter:
            raise PermissionError(13, "Permission denied", str(path))
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(type(counter), "read_text", refuse)  # tests may run as root
    with pytest.raises(MeterError, match=r"sudo chmod a\+r .*energy_uj"):
        RaplMeter(tmp_path)


def test_a_counter_that_disappears_is_an_error_and_not_zero(tmp_path):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0")
    meter = RaplMeter(tmp_path)
    counter.unlink()
    with pytest.raises(MeterError, match="no longer answers"):
        meter.read()


def no_data(path, monkeypatch, error):
    """Let one file answer as a broken driver does."""
    read_text = type(path).read_text

    def read(asked, *args, **kwargs):
        if asked == path:
            raise error
        return read_text(asked, *args, **kwargs)

    monkeypatch.setattr(type(path), "read_text", read)


BROKEN = {
    "no data": lambda zone, patch: no_data(zone / "energy_uj", patch, OSError(61, "No data")),
    "io error": lambda zone, patch: no_data(zone / "energy_uj", patch, OSError(5, "I/O error")),
    "name refused": lambda zone, patch: no_data(zone / "name", patch, PermissionError(13, "no")),
    "no range": lambda zone, patch: (zone / "max_energy_range_uj").unlink(),
    "range of zero": lambda zone, patch: (zone / "max_energy_range_uj").write_text("0"),
    "empty": lambda zone, patch: (zone / "energy_uj").write_text(""),
    "no files": lambda zone, patch: [file.unlink() for file in zone.iterdir()],
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_zone_is_left_out_and_named_and_the_others_count(tmp_path, monkeypatch, how):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0")
    add_zone(tmp_path, "intel-rapl:0:0", "dram")
    BROKEN[how](tmp_path / "intel-rapl:0:0", monkeypatch)
    meter = RaplMeter(tmp_path)
    before = meter.read()
    counter.write_text("7000000")
    measured = between(before, meter.read())
    assert measured.parts_kwh == {"cpu": pytest.approx(7.0 / 3.6e6)}
    assert measured.provenance.devices == ("package-0 (intel-rapl:0)",)
    (left_out,) = measured.provenance.left_out
    assert "intel-rapl:0:0" in left_out


def test_dangling_links_of_a_container_are_no_zones(tmp_path):
    for i in range(2):
        (tmp_path / f"intel-rapl:{i}").symlink_to(tmp_path / "devices" / "virtual" / str(i))
    with pytest.raises(MeterError, match=r"intel-rapl:0.*intel-rapl:1"):
        RaplMeter(tmp_path)


@pytest.fixture
def clock(monkeypatch):
    """The meter's time, that passes when a test says so."""
    now = [1000.0]
    monkeypatch.setattr(rapl.time, "monotonic", lambda: now[0])
    return now


def test_a_counter_that_began_anew_is_told_from_a_wrap(tmp_path, clock, caplog, monkeypatch):
    monkeypatch.setattr(rapl._log, "disabled", False)
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0", uj=50_000_000_000)
    meter = RaplMeter(tmp_path)
    before = meter.read()
    clock[0] += 1.0
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        counter.write_text("2000000")
        measured = between(before, meter.read())
        clock[0] += 1.0
        counter.write_text("5000000")
        later = between(before, meter.read())
    assert measured.watts == pytest.approx(2.0)
    assert later.energy_kwh * 3.6e6 == pytest.approx(5.0)
    assert [record.getMessage().count("began anew") for record in caplog.records] == [1]


def test_a_wrap_at_full_power_is_no_reset(tmp_path, clock):
    counter = add_zone(tmp_path, "intel-rapl:0", "package-0", uj=RANGE_UJ - 2_000_000_000)
    meter = RaplMeter(tmp_path)
    before = meter.read()
    clock[0] += 10.0  # 400 W for ten seconds
    counter.write_text("2000000000")
    assert between(before, meter.read()).watts == pytest.approx(400.0, rel=1e-6)


def test_one_zone_that_stops_answering_does_not_cost_the_others(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(rapl._log, "disabled", False)
    package = add_zone(tmp_path, "intel-rapl:0", "package-0")
    memory = add_zone(tmp_path, "intel-rapl:0:0", "dram")
    meter = RaplMeter(tmp_path)
    before = meter.read()
    memory.write_text("")
    package.write_text("1000000")
    with caplog.at_level(logging.WARNING, logger="eahas_plugins"):
        meter.read()
        assert between(before, meter.read()).parts_kwh["memory"] == 0.0
    assert len(caplog.records) == 1
    memory.write_text("3000000")
    assert between(before, meter.read()).parts_kwh["memory"] * 3.6e6 == pytest.approx(3.0)
