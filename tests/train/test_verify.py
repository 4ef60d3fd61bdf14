import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import make_app
from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.collection.planned_runs import PlannedRun, planned_run
from benchmarks.collection.training import data
from benchmarks.collection.training.train import train
from benchmarks.commands.collect import run_record
from surrogate import loading
from surrogate.space.definitions import TASKS
from surrogate.table import TableBenchmark

SHORT = {"depth": 4, "w0": 8, "wa": 2.0, "max_epoch": 3}


@pytest.fixture
def record(images, monkeypatch):
    """A short training as 'collect' records it."""
    monkeypatch.setattr(data, "N_PER_SPLIT", 200)
    config = {**planned_run("fashion-nano", 0).config, **SHORT}
    planned = PlannedRun(run=5, config_run=5, config=config, seed=9)
    splits, trunk = data.load_splits(images), TASKS["fashion-nano"].trunk
    result = train(config, seed=planned.seed, splits=splits, trunk=trunk)
    return with_estimated_energy(
        run_record("fashion-nano", planned, result, started="2026-01-01T00:00:00+00:00")
    )


def verify(images, record, monkeypatch):
    monkeypatch.setattr(loading, "load_table", lambda name: TableBenchmark.from_records([record]))
    words = ["verify", "--runs", "2", "--data", str(images)]
    return CliRunner().invoke(make_app(words), words)


def test_a_recorded_run_comes_out_the_same(images, record, monkeypatch):
    outcome = verify(images, record, monkeypatch)
    assert outcome.exit_code == 0, outcome.output
    row = outcome.stdout.splitlines()[1]
    assert row.split()[4] == "0.0000"  # the largest difference


def test_another_result_is_noticed(images, record, monkeypatch):
    record["val_accuracy"] = [min(1.0, value + 0.2) for value in record["val_accuracy"]]
    outcome = verify(images, record, monkeypatch)
    assert outcome.exit_code == 1
    assert "1 of 1 runs differ by over 0.03" in outcome.stderr
