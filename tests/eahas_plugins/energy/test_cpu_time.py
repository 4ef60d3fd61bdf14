import math
import os
import subprocess
import sys
import threading
import time

import pytest

from eahas_plugins.energy import CpuTimeMeter, between, process_tree
from eahas_plugins.energy.process_tree import living_descendants

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
        living = living_descendants(os.getpid())
        assert sum(process.seconds for process in living.values()) >= 0.28
        child.communicate()


@pytest.mark.parametrize("watts", [0.0, -1.0, math.nan, math.inf])
def test_impossible_core_power_is_refused(watts):
    with pytest.raises(ValueError, match="watts_per_core must be positive"):
        CpuTimeMeter(watts_per_core=watts, idle_watts=0.0)


@pytest.mark.parametrize("watts", [-1.0, math.nan, math.inf])
def test_impossible_idle_power_is_refused(watts):
    with pytest.raises(ValueError, match="idle_watts must be finite and not negative"):
        CpuTimeMeter(watts_per_core=1.0, idle_watts=watts)


def test_where_children_cannot_be_seen_it_says_so(monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 2**30)  # nobody's: as if /proc were not there
    with pytest.raises(OSError, match="include_children=False"):
        CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0, include_children=True)


ORPHAN = """
import os, subprocess, sys, time
from eahas_plugins.energy import CpuTimeMeter
meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0, include_children=True)
code = "import time\\nwhile time.process_time() < 30: pass"
shell = subprocess.Popen(["sh", "-c", f"{sys.executable} -c '{code}' & echo $!; wait"],
                         stdout=subprocess.PIPE, text=True)
orphan = int(shell.stdout.readline())
before = meter.read().cpu_s
while meter.read().cpu_s - before < 1.0:
    time.sleep(0.02)
shell.kill()
shell.wait()
start = meter.read().cpu_s
until = time.process_time() + 0.3
while time.process_time() < until:
    pass
print(before + 1.0 <= start, meter.read().cpu_s - start)
os.kill(orphan, 9)
"""


def test_an_orphan_keeps_what_it_used_and_takes_nothing_from_what_comes_later():
    done = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, text=True)
    kept, later_s = done.stdout.split()
    assert kept == "True"
    assert 0.3 <= float(later_s) < 1.0


IGNORED = """
import signal, subprocess, sys, time
from eahas_plugins.energy import CpuTimeMeter
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0, include_children=True)
code = '''
import sys, time
while time.process_time() < 0.3: pass
print("burnt", flush=True)
sys.stdin.read()
'''
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
before = meter.read().cpu_s
child = subprocess.Popen([sys.executable, "-c", code], **pipes)
child.stdout.readline()
meter.read()
child.stdin.close()
child.wait()
print(meter.read().cpu_s - before)
"""


def test_children_that_nobody_waits_for_stay_counted():
    done = subprocess.run([sys.executable, "-c", IGNORED], capture_output=True, text=True)
    assert float(done.stdout) >= 0.28


def test_many_children_that_come_and_go_are_counted_once():
    meter = CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0, include_children=True)
    before, times = meter.read().cpu_s, os.times()
    seen = [before]
    for _ in range(3):
        children = [
            subprocess.Popen([sys.executable, "-c", "sum(range(2_000_000))"]) for _ in range(3)
        ]
        while any(child.poll() is None for child in children):
            seen.append(meter.read().cpu_s)
    after, now = meter.read().cpu_s, os.times()
    assert seen == sorted(seen)
    used_s = sum(now[:4]) - sum(times[:4])
    assert after - before == pytest.approx(used_s, abs=0.15, rel=0.05)


def test_a_forked_process_counts_on_and_never_falls():
    meter = CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0, include_children=True)
    burn(0.2)
    before = meter.read().cpu_s
    reader, writer = os.pipe()
    if os.fork() == 0:
        first = meter.read().cpu_s
        burn(0.1)
        os.write(writer, f"{first} {meter.read().cpu_s}".encode())
        os._exit(0)
    first, last = (float(text) for text in os.read(reader, 1000).split())
    os.wait()
    os.close(reader), os.close(writer)
    assert before <= first < before + 0.1
    assert last >= first + 0.1


def test_where_there_is_no_proc_psutil_finds_the_children(monkeypatch):
    monkeypatch.setattr(process_tree, "_proc_lists_children", lambda pid: False)
    meter = CpuTimeMeter(watts_per_core=1.0, idle_watts=0.0, include_children=True)
    before = meter.read()
    with subprocess.Popen(
        [sys.executable, "-c", BURN.format(seconds=0.4)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout.readline() == b"burnt\n"
        assert between(before, meter.read()).cpu_s >= 0.38
        child.communicate()
    assert between(before, meter.read()).cpu_s >= 0.38
