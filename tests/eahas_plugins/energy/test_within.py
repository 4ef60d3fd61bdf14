"""Trials inside a program that ``eahas meter`` runs are a part of it, not its neighbours."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.energy import FakeMeter, MeterChoice, RaplMeter, Share, command
from eahas_plugins.energy.enclosing import WITHIN_VARIABLE
from eahas_plugins.energy.roster import Roster
from eahas_plugins.energy.roster_entry import Activity
from eahas_plugins.energy.sharing import shared_fraction
from tests.eahas_plugins.energy.machines import add_zone


@pytest.fixture(autouse=True)
def own_roster(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))


def parts(*activities, until_s=10.0):
    """The part that each has of what was counted while all could be there."""
    return [
        shared_fraction(
            0.0,
            until_s,
            [other for other in activities if other is not own],
            owner=own.owner,
            weight=own.weight,
            within=own.within,
        )
        for own in activities
    ]


def test_what_encloses_has_what_is_inside_it():
    outer = Activity(start_s=0.0, end_s=None, owner="outer")
    trial = Activity(start_s=0.0, end_s=None, owner="trial", within=("outer",))
    assert parts(outer, trial) == [1.0, 1.0]
    inner = Activity(start_s=0.0, end_s=None, owner="inner", within=("outer", "trial"))
    assert parts(outer, trial, inner) == [1.0, 1.0, 1.0]
    neighbour = Activity(start_s=0.0, end_s=None, owner="neighbour")
    assert parts(outer, trial, inner, neighbour) == [0.5] * 4


weights = st.none() | st.floats(0.01, 64.0)


@given(st.lists(weights, max_size=3), weights, weights)
def test_all_parts_together_are_what_was_counted(inside, around, beside):
    outer = Activity(start_s=0.0, end_s=None, owner="outer", weight=around)
    neighbour = Activity(start_s=0.0, end_s=None, owner="neighbour", weight=beside)
    trials = [
        Activity(start_s=0.0, end_s=None, owner=f"{i}", weight=weight, within=("outer",))
        for i, weight in enumerate(inside)
    ]
    of_outer, of_neighbour, *of_trials = parts(outer, neighbour, *trials)
    assert of_outer + of_neighbour == pytest.approx(1.0)
    assert of_outer == pytest.approx(sum(of_trials) if trials else of_outer)


PROGRAM = """
import json, sys
from pathlib import Path
import optuna
from eahas_plugins.energy import RaplMeter, Share
from eahas_plugins.optuna import EnergyTracker

folder, counter = Path(sys.argv[1]), Path(sys.argv[1]) / "intel-rapl:0" / "energy_uj"
meter, study = RaplMeter(folder), optuna.create_study()

def use(joules):
    counter.write_text(str(int(counter.read_text()) + 1_000_000 * joules))

for _ in range(2):
    trial = study.ask()
    with EnergyTracker(trial, meter=meter):
        use(60)
    use(15)
print(json.dumps([3.6e6 * trial.user_attrs["energy_kwh"] for trial in study.trials]))
"""


def run(folder, monkeypatch, capfd):
    """Energy of the program and of the trials in it, J."""
    monkeypatch.setattr(command, "choose_meter", lambda: MeterChoice(meter=meter, why=()))
    meter = RaplMeter(folder)
    code, (line,) = command.run_program([sys.executable, "-c", PROGRAM, str(folder)], as_json=True)
    assert code == 0
    return 3.6e6 * json.loads(line)["energy_kwh"], json.loads(capfd.readouterr().out)


def test_a_study_that_is_run_by_it_loses_nothing(tmp_path, monkeypatch, capfd):
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    program_j, trials_j = run(tmp_path, monkeypatch, capfd)
    assert program_j == pytest.approx(150.0)
    assert trials_j == pytest.approx([60.0, 60.0])


def test_who_else_runs_here_shares_with_the_whole(tmp_path, monkeypatch, capfd):
    add_zone(tmp_path, "intel-rapl:0", "package-0")
    neighbour = Share(RaplMeter(tmp_path))
    program_j, trials_j = run(tmp_path, monkeypatch, capfd)
    assert program_j == pytest.approx(75.0)
    assert trials_j == pytest.approx([30.0, 30.0])
    assert 3.6e6 * neighbour.leave().energy_kwh == pytest.approx(75.0)


WAITS = """
import pathlib, sys, time
for _ in range(6_000):
    if pathlib.Path(sys.argv[1]).exists():
        sys.exit()
    time.sleep(0.01)
sys.exit("nobody has read the meter meanwhile")
"""


def test_others_hear_of_it_while_the_program_runs(tmp_path, monkeypatch):
    was_read = tmp_path / "was_read"

    class Counting(FakeMeter):
        n_readings = 0

        def read(self):
            self.n_readings += 1
            if self.n_readings > 3:
                was_read.touch()
            self.advance(kwh=1.0)
            return super().read()

    meter = Counting()
    monkeypatch.setattr(command, "choose_meter", lambda: MeterChoice(meter=meter, why=()))
    monkeypatch.setattr(command, "_EVERY_S", 0.01)
    code, _ = command.run_program([sys.executable, "-c", WAITS, str(was_read)], as_json=False)
    assert code == 0


def test_a_reading_after_the_end_brings_nobody_back(tmp_path):
    meter, roster = FakeMeter(scope="machine"), Roster(folder=tmp_path)
    ended, going_on = (Share(meter, roster=roster) for _ in range(2))
    ended.leave()
    ended.read()  # by the thread that has not yet heard of it
    meter.advance(kwh=1.0)
    assert going_on.read().energy_kwh == 1.0


@pytest.mark.parametrize("nonsense", ["", ",", "nobody", ",a,,b,"])
def test_names_of_nobody_change_nothing(nonsense, tmp_path, monkeypatch):
    monkeypatch.setenv(WITHIN_VARIABLE, nonsense)
    meter = FakeMeter(scope="machine")
    first, second = Share(meter), Share(meter)
    meter.advance(kwh=2.0)
    assert first.read().energy_kwh == second.read().energy_kwh == 1.0
