"""What a trial starts is a part of it: programs under ``eahas meter``, measurements, studies."""

import gc
import json
import os
import subprocess
import sys
import threading

import optuna
import pytest

from eahas_plugins.energy import (
    FakeMeter,
    NvmlMeter,
    RaplMeter,
    Share,
    SumMeter,
    measure_inference,
)
from eahas_plugins.energy.enclosing import (
    WITHIN_VARIABLE,
    enclosing_owners,
    owner_in_this_thread,
)
from eahas_plugins.energy.roster_entry import Activity
from eahas_plugins.energy.sharing import shared_fraction
from eahas_plugins.optuna import EnergyTracker
from eahas_plugins.targets.journal_training import JournalTraining
from eahas_plugins.targets.scratch import Scratch
from tests.eahas_plugins.energy.machines import Nvml, add_zone


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


PROGRAM = """
import json, sys
from pathlib import Path
from eahas_plugins.energy import MeterChoice, RaplMeter, Share, command

folder = Path(sys.argv[1])
counter = folder / "intel-rapl:0" / "energy_uj"
meter = RaplMeter(folder)

def use(joules):
    counter.write_text(str(int(counter.read_text()) + 1_000_000 * joules))

if sys.argv[2] == "meter":
    command.choose_meter = lambda: MeterChoice(meter=meter, why=())
    again = [sys.executable, "-c", sys.argv[3], str(folder), "use"]
    code, (line,) = command.run_program(again, as_json=True)
    print(3.6e6 * json.loads(line)["energy_kwh"])
elif sys.argv[2] == "share":
    share = Share(meter)
    use(60)
    print(3.6e6 * share.leave().energy_kwh)
else:
    use(60)
"""


def joules_of_program(folder, how):
    """What a program of 60 J says that it has used."""
    words = [sys.executable, "-c", PROGRAM, str(folder), how, PROGRAM]
    return float(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)


@pytest.fixture
def meter(tmp_path):
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    return RaplMeter(tmp_path)


@pytest.mark.parametrize("how", ["meter", "share"])
def test_what_a_trial_starts_takes_nothing_from_it(meter, tmp_path, how):
    trial = optuna.create_study().ask()
    with EnergyTracker(trial, meter=meter):
        assert joules_of_program(tmp_path, how) == pytest.approx(60.0)
    assert 3.6e6 * trial.user_attrs["energy_kwh"] == pytest.approx(60.0)


def names_inherited():
    code = f"import os; print(os.environ.get({WITHIN_VARIABLE!r}) or '[]')"
    words = [sys.executable, "-c", code]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)


def test_programs_hear_of_the_trial_that_runs_and_of_no_other(monkeypatch):
    monkeypatch.setenv(WITHIN_VARIABLE, '["outer"]')
    meter = FakeMeter(scope="machine")
    share, again = (Share(meter, owner="a, trial, with commas") for _ in range(2))
    assert names_inherited() == ["outer", "a, trial, with commas"]
    assert enclosing_owners() == ("outer",)  # its own trials are not around this process
    share.leave()
    assert names_inherited() == ["outer", "a, trial, with commas"]  # another tracker of it
    again.leave()
    assert names_inherited() == ["outer"]
    forgotten = Share(meter, owner="forgotten")
    del forgotten
    gc.collect()
    assert names_inherited() == ["outer"]


def test_of_trials_in_threads_nobody_can_tell_which_has_started_it():
    meter = FakeMeter(scope="machine")
    share = Share(meter, owner="one")
    thread = threading.Thread(target=lambda: others.append(Share(meter, owner="two")))
    others = []
    thread.start()
    thread.join()
    assert names_inherited() == []
    others[0].leave()
    assert names_inherited() == ["one"]
    share.leave()
    assert names_inherited() == []


def test_a_trial_that_another_process_tracks_too_is_no_part_of_itself(monkeypatch):
    monkeypatch.setenv(WITHIN_VARIABLE, '["outer", "trial"]')
    meter = FakeMeter(scope="machine")
    share = Share(meter, owner="trial")
    meter.advance(kwh=1.0)
    assert share.leave().energy_kwh == 1.0
    assert names_inherited() == ["outer", "trial"]


def test_a_forked_process_is_inside_its_parents_trial():
    share = Share(FakeMeter(scope="machine"), owner="trial")
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        found = enclosing_owners()
        inner = Share(FakeMeter(scope="machine"), owner="inner")
        os.write(writable, json.dumps([found, names_inherited()]).encode())
        inner.leave()
        share.leave()  # its parent's goes on
        os._exit(0)
    os.waitpid(pid, 0)
    assert json.loads(os.read(readable, 1_000)) == [["trial"], ["trial", "inner"]]
    assert names_inherited() == ["trial"]
    share.leave()


@pytest.mark.parametrize("outer_counts_more", [True, False])
def test_a_study_inside_a_trial_takes_nothing_from_it_if_their_meters_differ(
    tmp_path, meter, outer_counts_more
):
    driver, file = Nvml(1), tmp_path / "intel-rapl:0" / "energy_uj"
    gpu, both = NvmlMeter(nvml=driver), SumMeter([NvmlMeter(nvml=driver), meter])
    outer, inner, beside = (optuna.create_study().ask() for _ in range(3))
    with (
        EnergyTracker(outer, meter=both if outer_counts_more else gpu),
        EnergyTracker(inner, meter=gpu if outer_counts_more else both),
    ):
        driver.mj[0] += 10_000
        file.write_text("20000000")
    used = [trial.user_attrs["energy_parts_kwh"] for trial in (outer, inner)]
    assert [3.6e6 * parts["gpu"] for parts in used] == pytest.approx([10.0, 10.0])
    assert 3.6e6 * used[not outer_counts_more]["cpu"] == pytest.approx(20.0)
    with EnergyTracker(beside, meter=both):
        driver.mj[0] += 10_000
        file.write_text("30000000")
    assert 3.6e6 * beside.user_attrs["energy_kwh"] == pytest.approx(20.0)


class Turning(FakeMeter):
    """1 kWh, in a second, at every reading."""

    def read(self):
        self.advance(kwh=1.0, seconds=1.0)
        return super().read()


def test_a_measurement_in_a_trial_takes_nothing_from_it():
    meter, trial = Turning(scope="machine"), optuna.create_study().ask()
    with EnergyTracker(trial, meter=meter):
        measure_inference(int, n_samples=1, meter=meter)
    assert trial.user_attrs["energy_kwh"] == trial.user_attrs["runtime_s"]


def test_a_measurement_in_a_training_of_another_host_takes_nothing_from_it():
    meter = Turning(scope="machine")
    training = JournalTraining(
        meter=meter, checkpoint=Scratch(), seed=0, budget=None, in_kwh=False, attempt=None
    )
    measure_inference(int, n_samples=1, meter=meter)
    training.finish()
    used = training.measured()
    assert used.energy_kwh == used.seconds


def test_a_measurement_in_another_thread_is_none_of_a_trials():
    meter = Turning(scope="machine")
    share, others = Share(meter, owner="trial"), []
    thread = threading.Thread(target=lambda: others.append(owner_in_this_thread()))
    thread.start()
    thread.join()
    assert others == [None]
    assert owner_in_this_thread() == "trial"
    share.leave()
    assert owner_in_this_thread() is None


def part(own, *others):
    return shared_fraction(0.0, 1.0, others, owner=own.owner, weight=own.weight, within=own.within)


def test_a_trial_that_computes_beside_what_it_has_started_counts_that_too():
    """Its weight is known: it and all that it has started use 16 cores."""
    trial = Activity(start_s=0.0, end_s=None, owner="trial", weight=16.0)
    started = Activity(start_s=0.0, end_s=None, owner="started", weight=0.1, within=("trial",))
    neighbour = Activity(start_s=0.0, end_s=None, owner="neighbour", weight=8.0)
    assert part(trial, started, neighbour) == pytest.approx(16 / 24)
    assert part(started, trial, neighbour) == pytest.approx(16 / 24)
    assert part(neighbour, trial, started) == pytest.approx(8 / 24)


def test_trials_that_are_inside_each_other_end_nothing():
    one = Activity(start_s=0.0, end_s=None, owner="one", within=("two",))
    two = Activity(start_s=0.0, end_s=None, owner="two", within=("one",))
    assert 0.0 < part(one, two) <= 1.0
