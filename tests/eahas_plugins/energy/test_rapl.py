import gc
import multiprocessing
import threading
import time

import pytest

from eahas_plugins.energy import MeterError, RaplMeter, between

RANGE_UJ = 65_532_610_987  # as on many Intel servers


def add_zone(root, folder, name, *, uj=0, range_uj=RANGE_UJ):
    zone = root / folder
    zone.mkdir()
    (zone / "name").write_text(f"{name}\n")
    (zone / "energy_uj").write_text(f"{uj}\n")
    (zone / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return zone / "energy_uj"


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
    while meter._zones[0]._last_uj != uj:
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
