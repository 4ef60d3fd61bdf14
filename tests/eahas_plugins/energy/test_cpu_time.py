import math
import os
import subprocess
import sys
import threading
import time

import pytest

from eahas_plugins.energy import CpuTimeMeter, between
from eahas_plugins.energy.cpu_time import living_descendants_cpu_s

BURN = """
import sys, time
while time.process_time() < {seconds}: pass
print("burnt", flush=True)
sys.stdin.read()
"""


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_energy_is_watts_times_cpu_time_plus_idle_watts_times_time():
    meter = CpuTimeMeter(watts_per_core=20.0, idle_watts=3.0)
    before, cpu_s = meter.read(), time.process_time()
    burn(0.1)
    measured = between(before, meter.read())
    cpu_s = time.process_time() - cpu_s
    assert 0.1 <= measured.cpu_s <= cpu_s + 1e-3
    joules = 20.0 * measured.cpu_s + 3.0 * measured.seconds
    assert measured.energy_kwh * 3.6e6 == pytest.approx(joules, rel=1e-6)
    assert measured.parts_kwh == {"cpu": pytest.approx(measured.energy_kwh)}


def test_it_always_says_estimated_and_with_which_powers():
    provenance = CpuTimeMeter(watts_per_core=12.5, idle_watts=0.0).provenance
    assert provenance.kind == "estimated"
    assert provenance.scope == "process"
    assert "12.5 W/core" in provenance.meter


def test_threads_are_counted():
    meter = CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0)
    before = meter.read()
    threads = [threading.Thread(target=burn, args=(0.1,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert between(before, meter.read()).cpu_s >= 0.2


@pytest.mark.parametrize("include_children", [True, False])
def test_children_are_counted_while_they_live_and_after(include_children):
    meter = CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0, include_children=include_children)
    before = meter.read()
    with subprocess.Popen(
        [sys.executable, "-c", BURN.format(seconds=0.4)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout.readline() == b"burnt\n"
        living = between(before, meter.read()).cpu_s
        child.communicate()
    dead = between(before, meter.read()).cpu_s
    if include_children:
        assert living >= 0.38  # two clock ticks of tolerance
        assert dead >= living
    else:
        assert max(living, dead) < 0.3


def test_grandchildren_are_found():
    script = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {BURN.format(seconds=0.3)!r}],"
        " stdin=subprocess.PIPE)\n"
        "sys.stdin.read()\n"
        "child.communicate()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"burnt\n"
        assert living_descendants_cpu_s(os.getpid()) >= 0.28
        child.communicate()


@pytest.mark.parametrize("watts", [0.0, -1.0, math.nan, math.inf])
def test_impossible_core_power_is_refused(watts):
    with pytest.raises(ValueError, match="watts_per_core must be positive"):
        CpuTimeMeter(watts_per_core=watts, idle_watts=0.0)


@pytest.mark.parametrize("watts", [-1.0, math.nan, math.inf])
def test_impossible_idle_power_is_refused(watts):
    with pytest.raises(ValueError, match="idle_watts must be at least 0"):
        CpuTimeMeter(watts_per_core=1.0, idle_watts=watts)


def test_where_children_cannot_be_seen_it_says_so(monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 2**30)  # nobody's: as if /proc were not there
    with pytest.raises(OSError, match="include_children=False"):
        CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0, include_children=True)
