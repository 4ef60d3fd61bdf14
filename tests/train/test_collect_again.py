"""A collection on a GPU that goes on: what the file holds, who measured it, how long it takes."""

import json

import pytest

from benchmarks.collection.energy_window import WINDOW_S, CounterWindow
from benchmarks.collection.planned_runs import PlannedRun, planned_run
from benchmarks.collection.training import train as training
from benchmarks.commands import collect
from tests.train.gpu_stand_in import working
from tests.train.test_collect_gpu import counter, invoke

__all__ = ["counter"]


@pytest.fixture
def go_on(images, tmp_path):
    """Collect so many runs in one folder; the outcome and the file."""

    def go_on(runs, *options):
        words = ("--device", "cuda", "--data", images, "--out", tmp_path, "--runs", runs, *options)
        return invoke(*words), tmp_path / "fashion-nano-gpu.jsonl"

    return go_on


@pytest.mark.usefixtures("counter")
@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"schema": 2}, "run 0: schema must be 1 but got 2"),
        ({"task": "fashion-nano"}, "has runs with task fashion-nano but this is fashion-nano-gpu"),
        ({"task": None}, "has runs with task None but this is fashion-nano-gpu"),
        (
            {"machine": {"gpu": "NVIDIA H100", "power_limit_watts": 250.0}},
            "has runs with board NVIDIA H100 but this is Tesla V100: name another folder",
        ),
        (
            {"machine": {"gpu": "Tesla V100", "power_limit_watts": 300.0}},
            "has runs with power_limit_watts 300.0 but this is 250.0: name another folder",
        ),
    ],
)
def test_a_file_of_something_else_does_not_grow(go_on, other, message):
    _, path = go_on(1)
    before = json.dumps({**json.loads(path.read_text()), **other}) + "\n"
    path.write_text(before)
    outcome, _ = go_on(2)
    assert outcome.exit_code == 2
    assert message in outcome.stderr
    assert path.read_text() == before


@pytest.mark.usefixtures("counter")
def test_fewer_runs_than_there_are_leave_them(go_on):
    _, path = go_on(2)
    before = path.read_text()
    outcome, _ = go_on(1)
    assert outcome.exit_code == 0
    assert f"2 runs in {path}" in outcome.stderr
    assert path.read_text() == before


def test_power_that_is_summed_up_is_no_counter(counter, go_on, monkeypatch):
    def total():
        raise counter.NVMLError("Not Supported")

    monkeypatch.setattr(counter, "total", total)
    outcome, path = go_on(1)
    assert outcome.exit_code == 2
    assert "the GPU must have a counter of energy but Tesla V100" in outcome.stderr
    assert not path.exists()


def test_no_run_begins_after_the_minutes(counter, go_on, monkeypatch):
    monkeypatch.setattr(collect.time, "monotonic", lambda: counter.now_s)
    outcome, path = go_on(3, "--minutes", 0.1)  # a run takes some 7 s
    assert outcome.exit_code == 0
    assert "the minutes are over; run the command again to go on" in outcome.stderr
    assert "1 runs in" in outcome.stderr
    outcome, _ = go_on(2, "--minutes", 100)
    assert "are over" not in outcome.stderr
    assert [json.loads(line)["run"] for line in path.read_text().splitlines()] == [0, 1]


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf"])
def test_minutes_are_positive(go_on, minutes):
    outcome, _ = go_on(1, "--minutes", minutes)
    assert outcome.exit_code == 2
    assert "minutes must be positive and finite" in outcome.stderr


def test_a_run_takes_as_long_as_is_said(counter, go_on, monkeypatch):
    shown, update_s = [counter.millijoules, 0.0], 0.1

    def total():
        counter.pass_time(0.001)
        if counter.now_s >= shown[1] + update_s:
            shown[:] = counter.millijoules, counter.now_s - counter.now_s % update_s
        return int(shown[0])

    monkeypatch.setattr(counter, "total", total)
    window = {"window_s": WINDOW_S, "sleep": counter.pass_time}
    monkeypatch.setattr(CounterWindow.__init__, "__kwdefaults__", window)
    for name, seconds in (("_train_epoch", 0.15), ("_accuracy", 0.015)):
        work = working(getattr(training, name).__wrapped__, counter, seconds)
        monkeypatch.setattr(training, name, work)
    epochs = [planned_run("fashion-nano-gpu", run).config["max_epoch"] for run in range(300)]
    mean = round(sum(epochs) / len(epochs))
    config = {**collect.planned_run("fashion-nano-gpu", 0).config, "max_epoch": mean}
    planned = PlannedRun(run=0, config_run=0, config=config, seed=7)
    monkeypatch.setattr(collect, "planned_run", lambda task, run: planned)
    outcome, _ = go_on(1)
    assert outcome.exit_code == 0, outcome.output
    assert counter.now_s == pytest.approx(11.0, abs=0.5)
