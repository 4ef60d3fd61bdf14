"""Trials in several processes of one machine."""

import json
import os
import signal
import subprocess
import sys

import optuna
import pytest

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


def total_kwh(study):
    return sum(t.user_attrs["energy_kwh"] for t in study.get_trials(deepcopy=False))


WORKER = """
import sys, time, optuna
from eahas_plugins.energy import FakeMeter
from eahas_plugins.optuna import EnergyBudget, EnergyTracker
storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(sys.argv[1]))
study = optuna.load_study(study_name="shared", storage=storage)
meter = FakeMeter.steady(watts=3.6e6, scope="machine")  # the machine draws 1 kWh a second
def objective(trial):
    with EnergyTracker(trial, meter=meter) as energy:
        trial.set_user_attr("start_s", energy._first[0].monotonic_s)
        for epoch in range(int(sys.argv[3])):
            time.sleep(0.05)
            energy.report(0.0, step=epoch)
            print("step", flush=True)
    trial.set_user_attr("end_s", time.monotonic())
    return 0.0
budget = EnergyBudget(kwh=float(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
study.optimize(budget.guard(objective), n_trials=int(sys.argv[4]))
"""


@pytest.fixture
def shared(tmp_path):
    path = tmp_path / "journal.log"
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    return path, optuna.create_study(study_name="shared", storage=storage)


def start_worker(path, *, budget_kwh, epochs, trials):
    arguments = [str(path), str(budget_kwh), str(epochs), str(trials)]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", WORKER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def let_go(*workers):
    """Let all begin at once."""
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()


def test_processes_of_one_machine_do_not_count_its_energy_twice(shared):
    path, study = shared
    workers = [start_worker(path, budget_kwh=1000.0, epochs=4, trials=3) for _ in range(2)]
    let_go(*workers)
    for worker in workers:
        worker.communicate(timeout=120)
        assert worker.returncode == 0
    spans = sorted((t.user_attrs["start_s"], t.user_attrs["end_s"]) for t in study.trials)
    assert len(spans) == 6
    covered_s, reached = 0.0, 0.0
    for start_s, end_s in spans:
        covered_s += max(0.0, end_s - max(start_s, reached))
        reached = max(reached, end_s)
    assert sum(end_s - start_s for start_s, end_s in spans) > 1.2 * covered_s  # they did overlap
    # The stretch between the last reading and ``end_s`` is a few storage writes per trial.
    assert 0.8 * covered_s < total_kwh(study) <= 1.02 * covered_s


def test_a_killed_trial_keeps_what_it_burnt_and_the_study_stops_at_its_budget(shared):
    path, study = shared
    victim = start_worker(path, budget_kwh=1.5, epochs=1000, trials=1)
    let_go(victim)
    for _ in range(5):
        assert victim.stdout.readline() == "step\n"
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    (killed,) = study.get_trials(deepcopy=False)
    assert killed.state == optuna.trial.TrialState.RUNNING
    burnt_kwh = killed.user_attrs["energy_kwh"]
    assert (
        burnt_kwh >= 0.05
    )  # the first step is always written, later ones may wait for two seconds
    meter = json.loads(json.dumps(killed.user_attrs["energy_meter"]))
    assert meter["meter"] == "fake"  # known although the trial never ended

    survivor = start_worker(path, budget_kwh=1.5, epochs=4, trials=1000)
    let_go(survivor)
    survivor.communicate(timeout=120)
    assert survivor.returncode == 0
    steps = [t.user_attrs["energy_kwh"] for t in study.get_trials(deepcopy=False)]
    assert steps[0] == burnt_kwh
    assert 1.5 <= sum(steps) < 2.5


RANK = """
import json, sys, time, optuna
from eahas_plugins.energy import FakeMeter
from eahas_plugins.optuna import EnergyTracker
trial = optuna.trial.FixedTrial({})
meter = FakeMeter.steady(watts=3.6e6, scope="machine")
print("ready", flush=True)
sys.stdin.readline()
start_s = time.monotonic()
with EnergyTracker(trial, meter=meter):
    time.sleep(0.5)
print(json.dumps([start_s, time.monotonic(), trial.user_attrs["energy_kwh"]]), flush=True)
"""


def test_ranks_of_one_training_are_one_trial():
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    let_go(*ranks)
    for rank in ranks:
        start_s, end_s, energy_kwh = json.loads(rank.communicate(timeout=60)[0])
        assert 0.5 <= energy_kwh <= end_s - start_s  # the whole machine's, 1 kWh a second
