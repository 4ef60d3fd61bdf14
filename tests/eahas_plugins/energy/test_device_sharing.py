"""Whatever devices each trial counts: the parts of all add up to what the devices counted."""

import itertools
import os
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eahas_plugins.energy import (
    CpuTimeMeter,
    Provenance,
    RaplMeter,
    Reading,
    Share,
    SumMeter,
    WholeDeviceMeter,
)
from eahas_plugins.energy.cores_used import CoresUsed
from eahas_plugins.energy.nvml import NvmlMeter
from eahas_plugins.energy.roster import Roster
from tests.eahas_plugins.energy.machines import Nvml, add_zone

WATTS = {"gpu:0": 300.0, "gpu:1": 200.0, "cpu:package-0": 60.0, "memory:0": 10.0}


class Clock:
    now_s = 0.0


class Counters:
    """Some devices of a machine; ``joules`` says what each of them has used.

    With ``comparable`` a reading says where the counters of the machine stand.
    """

    def __init__(self, clock, ids, *, zero_kwh, comparable, joules):
        self.clock = clock
        self.comparable = comparable
        self.joules = joules
        self.zero_kwh = zero_kwh  # every process has its own zero
        self.provenance = Provenance(
            kind="measured",
            meter=f"counters of {ids}",
            sampling="exact",
            scope="machine",
            device_ids=tuple(ids),
        )

    def read(self):
        return Reading.of_devices(
            {
                name: {name: self.zero_kwh + self.joules(name) / 3.6e6}
                for name in self.provenance.device_ids
            },
            monotonic_s=self.clock.now_s,
            provenance=self.provenance,
            counters={name: self.joules(name) for name in self.provenance.device_ids}
            if self.comparable
            else None,
        )


workers = st.lists(
    st.tuples(
        st.integers(0, 20),  # it begins
        st.lists(st.integers(1, 9), min_size=1, max_size=4),  # its readings, the last one its end
        st.lists(st.sampled_from(sorted(WATTS)), min_size=1, max_size=4, unique=True),
        st.booleans(),  # by a wrapper of the whole machine
    ),
    min_size=1,
    max_size=6,
)


powers = st.lists(st.integers(0, 400), min_size=60, max_size=60)  # W, second by second


@settings(max_examples=60)
@given(workers, powers)
def test_the_parts_add_up_to_the_counters_however_the_power_changes(workers, powers):
    total = [0.0]
    for watts in powers:
        total.append(total[-1] + watts)
    check_the_parts(workers, lambda name, s: (1.0 + len(name)) * total[int(s)], comparable=True)


@settings(max_examples=60)
@given(workers, powers, st.lists(st.none() | st.floats(0.01, 64.0), min_size=1, max_size=9))
def test_they_add_up_whatever_each_of_them_uses_of_the_cpu(workers, powers, cores):
    total = [0.0]
    for watts in powers:
        total.append(total[-1] + watts)
    said = itertools.cycle(cores)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CoresUsed, "since_last", lambda self: next(said))
        check_the_parts(workers, lambda name, s: (1.0 + len(name)) * total[int(s)], comparable=True)


@settings(max_examples=60)
@given(workers)
def test_at_constant_power_the_times_are_enough(workers):
    check_the_parts(workers, lambda name, s: WATTS[name] * s, comparable=False)


def check_the_parts(workers, joules, *, comparable):
    """Let workers read and end, and compare what they are told with the counters."""
    clock, events = Clock(), []
    for i, (start_s, steps_s, ids, wrapped) in enumerate(workers):
        meter = Counters(
            clock,
            ids,
            zero_kwh=float(i),
            comparable=comparable,
            joules=lambda name: joules(name, clock.now_s),
        )
        if wrapped:
            meter = WholeDeviceMeter(meter, scale=1.5, offset_watts=40.0, pue=1.2)
        times = [start_s + sum(steps_s[:n]) for n in range(len(steps_s) + 1)]
        events += [(t, n == len(steps_s), i, n, meter) for n, t in enumerate(times)]
    shares, parts = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        roster = Roster(folder=Path(folder))
        for now_s, last, i, n, meter in sorted(events, key=lambda event: event[:4]):
            clock.now_s = float(now_s)
            if n == 0:
                shares[i] = Share(meter, roster=roster)
            else:
                parts[i] = (shares[i].leave() if last else shares[i].read()).parts_kwh
    for name in WATTS:
        users = [(w[0], w[0] + sum(w[1])) for w in workers if name in w[2]]
        covered = {second for a, b in users for second in range(a, b)}
        used_j = sum(joules(name, second + 1) - joules(name, second) for second in covered)
        told_j = 3.6e6 * sum(own.get(name, 0.0) for own in parts.values())
        assert told_j == pytest.approx(used_j, abs=1e-6)


def test_workers_with_a_gpu_each_share_the_one_cpu(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))
    (tmp_path / "zones").mkdir()
    counter = add_zone(tmp_path / "zones", "intel-rapl:0", "package-0")
    driver = Nvml(2)

    def worker(*gpus):
        return Share(SumMeter([NvmlMeter(gpus, nvml=driver), RaplMeter(tmp_path / "zones")]))

    used = 0
    for first, second in (((0,), (1,)), ((0, 1), (1, 0)), ((0,), (0, 1))):
        shares = [worker(*first), worker(*second)]
        driver.mj[:] = [mj + 1_000_000 for mj in driver.mj]
        used += 600_000_000
        counter.write_text(str(used))
        joules = [3.6e6 * share.leave().energy_kwh for share in shares]
        assert sum(joules) == pytest.approx(2600.0)


def test_threads_share_the_estimate_of_their_process_and_all_processes_the_gpu(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path))
    driver = Nvml(1)
    meter = SumMeter([NvmlMeter(nvml=driver), CpuTimeMeter(watts_per_core=3.6e6, idle_watts=0.0)])
    shares = [Share(meter), Share(meter)]
    driver.mj[0] += 3_600_000_000
    sum(range(1_000_000))
    readings = [share.leave() for share in shares]
    assert sum(r.parts_kwh["gpu"] for r in readings) == pytest.approx(1.0)
    used_kwh = sum(r.parts_kwh["cpu"] for r in readings)
    assert sum(r.cpu_s for r in readings) == pytest.approx(used_kwh)


def test_of_the_cpu_each_trial_takes_as_much_as_it_used_cores(tmp_path, monkeypatch):
    cores = {}
    monkeypatch.setattr(CoresUsed, "since_last", lambda self: cores.get(self))
    clock, roster = Clock(), Roster(folder=tmp_path)
    ids = ["cpu:package-0", "gpu:0"]

    def meter():
        return Counters(
            clock, ids, zero_kwh=0.0, comparable=True, joules=lambda name: 100.0 * clock.now_s
        )

    busy, idle = Share(meter(), roster=roster), Share(meter(), roster=roster)
    cores |= {busy._cores: 9.0, idle._cores: 1.0}
    clock.now_s = 10.0
    first = [busy.read(), idle.read()]
    assert [r.parts_kwh["cpu:package-0"] * 3.6e6 for r in first] == [500.0, 500.0]  # not yet known
    cores.clear()  # no news
    clock.now_s = 20.0
    last = [busy.leave(), idle.leave()]
    assert [r.parts_kwh["cpu:package-0"] * 3.6e6 for r in last] == pytest.approx([1400.0, 600.0])
    assert [r.parts_kwh["gpu:0"] * 3.6e6 for r in last] == pytest.approx([1000.0, 1000.0])


def test_how_many_cores_a_process_uses(monkeypatch):
    monkeypatch.setattr(CoresUsed, "_here", weakref.WeakSet())  # other tests' trials may linger
    begun_s = time.monotonic()
    used = CoresUsed()
    assert used.since_last() is None  # too soon
    child = subprocess.Popen(
        [sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass"]
    )
    child.wait()
    used._last_s -= 10.0
    cores = used.since_last()
    seconds = 10.0 + time.monotonic() - begun_s
    assert 0.45 / seconds < cores < 0.5  # half a second and a bit of a core in ten or more
    other = CoresUsed()
    used._last_s -= 10.0
    assert used.since_last() == 0.01  # waits, and shares with the other
    assert other is not None


def test_trials_that_have_ended_use_no_cores(tmp_path, monkeypatch):
    cpu_s = [0.0]
    monkeypatch.setattr(CoresUsed, "_here", weakref.WeakSet())
    monkeypatch.setattr(CoresUsed, "_cpu_s", lambda self: cpu_s[0])
    roster = Roster(folder=tmp_path)

    def share():
        ids = ["cpu:package-0"]
        counters = Counters(Clock(), ids, zero_kwh=0.0, comparable=True, joules=lambda name: 1.0)
        return Share(counters, roster=roster)

    kept = [share() for _ in range(4)]  # whoever holds them
    for ended in kept[:3]:
        ended.leave()
    kept[3]._cores._last_s -= 10.0
    cpu_s[0] = 5.0
    assert kept[3]._cores.since_last() == pytest.approx(0.5, rel=0.1)
    kept[3]._cores._last_s -= 10.0
    beside = roster.join(0.0, devices=["cpu:package-0"])  # another process goes on
    kept[3].leave()
    kept[3].read()  # by a thread that has not yet heard of it
    beside.leave()


class Busy(Nvml):
    """GPUs of which the driver tells who computes on them."""

    def __init__(self, *pids):
        super().__init__(len(pids))
        self.pids = list(pids)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
        return [SimpleNamespace(pid=pid) for pid in self.pids[handle]]


@pytest.fixture
def neighbour():
    """Another process of this machine."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate()


def parts_of_the_gpu(driver, tmp_path, monkeypatch):
    """Let a trial here and one that says to be elsewhere share GPU 0."""
    roster = Roster(folder=tmp_path)
    here = Share(NvmlMeter([0], nvml=driver), roster=roster)
    elsewhere = Share(NvmlMeter([0], nvml=driver), roster=roster)
    monkeypatch.setattr(elsewhere._cores, "own_processes", frozenset)
    here.read(), elsewhere.read()
    driver.mj[0] += 3_600_000
    return here.leave().energy_kwh, elsewhere.leave().energy_kwh


def test_who_does_not_compute_on_a_gpu_is_charged_little_of_it(tmp_path, monkeypatch):
    mine, others = parts_of_the_gpu(Busy([os.getpid()]), tmp_path, monkeypatch)
    assert mine + others == pytest.approx(1e-3)
    assert others < 0.01 * mine


@pytest.mark.parametrize("pids", [[], [2**22 + 1]])  # nobody; a process of another namespace
def test_where_the_driver_does_not_tell_who_computes_all_share(tmp_path, monkeypatch, pids):
    mine, others = parts_of_the_gpu(Busy(pids), tmp_path, monkeypatch)
    assert mine == pytest.approx(others)


def test_a_child_that_computes_is_its_parents_use(tmp_path, monkeypatch, neighbour):
    mine, others = parts_of_the_gpu(Busy([neighbour]), tmp_path, monkeypatch)
    assert mine + others == pytest.approx(1e-3)
    assert others < 0.01 * mine
