import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.energy import CpuTimeMeter, FakeMeter, Share
from eahas_plugins.energy import roster as roster_module
from eahas_plugins.energy.roster import Roster
from eahas_plugins.energy.roster_entry import Activity, parse
from eahas_plugins.energy.sharing import shared_fraction


def test_alone_everything_is_mine():
    assert shared_fraction(0.0, 10.0, []) == 1.0
    assert shared_fraction(5.0, 5.0, []) == 1.0


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (0.0, None, 0.5),
        (-5.0, 20.0, 0.5),
        (5.0, None, 0.75),
        (2.0, 4.0, 0.9),
        (10.0, None, 1.0),
        (-5.0, 0.0, 1.0),
    ],
)
def test_one_other_trial(start_s, end_s, expected):
    other = Activity(start_s=start_s, end_s=end_s)
    assert shared_fraction(0.0, 10.0, [other]) == pytest.approx(expected)


spans = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 50)).map(lambda p: (p[0], p[0] + p[1])),
    min_size=1,
    max_size=6,
)


@given(spans)
def test_all_parts_together_are_what_was_counted(trials):
    """At constant power the energy is the time covered by at least one trial."""
    activities = [Activity(start_s=a, end_s=b) for a, b in trials]
    total = 0.0
    for i, (start_s, end_s) in enumerate(trials):
        others = activities[:i] + activities[i + 1 :]
        total += shared_fraction(start_s, end_s, others) * (end_s - start_s)
    covered = {second for a, b in trials for second in range(a, b)}
    assert total == pytest.approx(len(covered))


def test_shares_of_one_meter_in_one_process():
    meter = FakeMeter()
    first = Share(meter)
    meter.advance(kwh=1.0, seconds=10.0, parts={"gpu": 0.5})
    second = Share(meter)
    meter.advance(kwh=1.0, seconds=10.0, parts={"gpu": 0.5})
    assert first.read().energy_kwh == pytest.approx(1.5)
    done = second.leave()
    assert done.energy_kwh == pytest.approx(0.5)
    meter.advance(kwh=1.0, seconds=10.0, parts={"gpu": 0.5})
    last = first.leave()
    assert last.energy_kwh == pytest.approx(2.5)
    assert last.parts_kwh["gpu"] == pytest.approx(1.25)


def test_time_is_shared_as_well_as_energy():
    meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)
    first, second = Share(meter), Share(meter)
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    parts = [first.leave(), second.leave()]
    assert parts[0].cpu_s >= 0.09
    assert parts[0].energy_kwh * 3.6e6 == pytest.approx(10.0 * parts[0].cpu_s)


def test_what_ended_long_ago_is_removed(tmp_path):
    roster = Roster(folder=tmp_path)
    for start_s in range(0, 1000, 100):
        roster.join(float(start_s), devices=["gpu"]).leave(start_s + 50.0)
    now = roster.join(5000.0, devices=["gpu"])
    assert now.others() == {"gpu": []}
    assert len(list(tmp_path.glob("*/*.json"))) == 1


def test_what_a_running_trial_has_not_yet_taken_into_account_stays(tmp_path):
    roster = Roster(folder=tmp_path)
    slow = roster.join(0.0, devices=["gpu"])  # its first step takes long
    roster.join(10.0, devices=["gpu"], owner="short").leave(20.0)
    quick = roster.join(5000.0, devices=["gpu"])
    quick.seen(9000.0)
    short = Activity(start_s=10.0, end_s=20.0, owner="short")
    assert quick.others()["gpu"] == [Activity(start_s=0.0, end_s=None, owner=slow.owner)]
    assert short in slow.others()["gpu"]


def test_only_who_uses_the_same_device_is_another(tmp_path):
    roster = Roster(folder=tmp_path)
    first = roster.join(0.0, devices=["gpu:0", "cpu:0", "process:cpu"])
    second = roster.join(0.0, devices=["cpu:0", "gpu:1"])
    third = roster.join(0.0, devices=["process:cpu"])
    count = {device: len(found) for device, found in first.others().items()}
    assert count == {"gpu:0": 0, "cpu:0": 1, "process:cpu": 1}
    assert [len(found) for found in second.others().values()] == [1, 0]
    assert [len(found) for found in third.others().values()] == [1]


WORKER = """
import json, sys, time
from eahas_plugins.energy import CpuTimeMeter, FakeMeter, Share
meter = FakeMeter.steady(watts=3.6e6, scope="machine")  # 1 kWh a second
print("ready", flush=True)
sys.stdin.readline()
share = Share(meter)
print(json.dumps(share._last.monotonic_s), flush=True)
for _ in range(int(sys.argv[1])):
    time.sleep(0.05)
    share.read()
if sys.argv[2] == "hang":
    print("hangs", flush=True)
    time.sleep(60)
last = share.leave()
print(json.dumps([last.monotonic_s, last.energy_kwh]), flush=True)
"""


def start_workers(*steps, end="leave"):
    """Start processes that then begin at once."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(n_steps), end],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n_steps in steps
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return workers


def test_processes_of_one_machine_share_one_meter_without_double_count():
    workers = start_workers(8, 16, 24)
    spans, parts = [], []
    for worker in workers:
        start_s, (end_s, energy_kwh) = map(
            json.loads, worker.communicate(timeout=60)[0].split("\n")[:2]
        )
        spans.append((start_s, end_s))
        parts.append(energy_kwh)
        assert worker.returncode == 0
    covered_s, reached = 0.0, 0.0
    for start_s, end_s in sorted(spans):
        covered_s += max(0.0, end_s - max(start_s, reached))
        reached = max(reached, end_s)
    alone = sum(end_s - start_s for start_s, end_s in spans)
    assert covered_s < 0.9 * alone  # they did overlap
    assert sum(parts) == pytest.approx(covered_s, rel=0.02)


def test_a_killed_process_keeps_its_part_and_takes_no_more():
    (victim,) = start_workers(4, end="hang")
    assert victim.stdout.readline()
    assert victim.stdout.readline() == "hangs\n"
    meter = FakeMeter.steady(watts=3.6e6, scope="machine")
    share = Share(meter)
    started_s = share._last.monotonic_s
    time.sleep(0.1)
    together = share.read()
    assert together.energy_kwh == pytest.approx((together.monotonic_s - started_s) / 2, rel=1e-6)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    time.sleep(0.1)
    alone = share.leave()
    step_s = alone.monotonic_s - together.monotonic_s
    assert alone.energy_kwh - together.energy_kwh == pytest.approx(step_s, rel=1e-6)


def test_an_entry_is_read_again_only_when_another_has_taken_its_place(tmp_path, monkeypatch):
    read = []

    def counted(path):
        read.append(path.stem)
        return parse(path)

    monkeypatch.setattr(roster_module, "parse", counted)
    monkeypatch.setattr(roster_module, "_SEEN_EVERY_S", 0.0)
    first = Roster(folder=tmp_path).join(0.0, devices=["gpu"], owner="first")
    second = Roster(folder=tmp_path).join(1.0, devices=["gpu"], owner="second")
    for _ in range(3):
        assert [other.owner for other in second.others()["gpu"]] == ["first"]
    assert len(read) == 2  # its own, and the other's
    first.seen(5.0)
    first.leave(6.0)
    assert [other.end_s for other in second.others()["gpu"]] == [6.0]
    assert len(read) == 3


def test_signs_of_life_are_written_once_in_a_while_and_what_matters_at_once(tmp_path):
    trial = Roster(folder=tmp_path).join(0.0, devices=["cpu:0"], counters={"cpu:0": 1.0})
    other = Roster(folder=tmp_path).join(0.0, devices=["cpu:0"], counters={"cpu:0": 1.0})
    (file,) = [path for path in tmp_path.glob("*/*.json") if trial.owner in path.read_text()]
    before = file.read_text()
    trial.seen(1.0, {"cpu:0": 2.0})
    assert file.read_text() == before
    trial.change(2.0, {"cpu:0": 3.0}, weight=0.5)
    trial.seen(2.0, {"cpu:0": 3.0})
    assert [activity.weight for activity in other.others()["cpu:0"]] == [None, 0.5]
    file.unlink()  # somebody empties the folder
    trial.others()
    trial.seen(3.0, {"cpu:0": 4.0})
    assert file.exists()
    trial.leave(4.0, {"cpu:0": 5.0})
    assert [activity.end_s for activity in other.others()["cpu:0"]] == [2.0, 4.0]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forks_copy_does_not_end_its_parents_trial(tmp_path):
    meter = FakeMeter(scope="machine")
    share = Share(meter, roster=Roster(folder=tmp_path))
    pid = os.fork()
    if pid == 0:
        share.leave()
        os._exit(0)
    os.waitpid(pid, 0)
    other = Share(meter, roster=Roster(folder=tmp_path))
    meter.advance(kwh=2.0)
    assert (other.leave().energy_kwh, share.leave().energy_kwh) == (1.0, 1.0)


def test_an_entry_that_nobody_can_read_does_not_cost_the_others(tmp_path):
    roster = Roster(folder=tmp_path)
    (folder,) = tmp_path.iterdir()
    (folder / "loop.json").symlink_to("loop.json")
    meter = FakeMeter(scope="machine")
    first, second = (Share(meter, roster=roster) for _ in range(2))
    meter.advance(kwh=2.0)
    assert (first.leave().energy_kwh, second.leave().energy_kwh) == (1.0, 1.0)
