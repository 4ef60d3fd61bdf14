import json

import pytest
import typer
from typer.testing import CliRunner

import surrogate
from benchmarks.commands.fit import fit
from surrogate.record_files import read_records, write_records
from surrogate.records import Record
from surrogate.space.tasks import get_space
from tests.surrogate import made_up


def run(*arguments):
    app = typer.Typer()
    app.command()(fit)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_one_command_builds_a_folder_that_loads(tmp_path, monkeypatch):
    from surrogate.fitting import build
    from tests.surrogate.conftest import QUICK

    monkeypatch.setattr(build, "Settings", lambda: QUICK)
    records = tmp_path / "runs.jsonl"
    write_records(records, made_up.records(30, 2))
    with records.open("a") as stream:
        stream.write('{"schema": 1, "con')  # killed here
    out = tmp_path / "out"
    outcome = run("--task", made_up.TASK, "--records", records, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    assert "34 trainings of 30 configurations" in outcome.output
    assert "runs.jsonl, line 35, must be JSON" in outcome.output
    assert {path.name for path in out.iterdir()} == {
        "model.npz",
        "provenance.json",
        "records.jsonl.gz",
        "SHA256SUMS",
    }
    provenance = json.loads((out / "provenance.json").read_text())
    assert surrogate.load(out).provenance == provenance
    assert (provenance["kind"], provenance["energy"]) == ("measured", "estimated")
    assert provenance["runtime"] == "measured: CPU seconds of training"


def test_measured_energy_is_fitted_without_disturbed_runs(tmp_path, monkeypatch):
    from surrogate.fitting import build
    from tests.surrogate.conftest import QUICK

    monkeypatch.setattr(build, "Settings", lambda: QUICK)
    lines = [record.to_json() for record in made_up.records(30, 2)]
    for place, line in enumerate(lines):
        line["task"] = "fashion-nano-gpu"
        line["machine"] = {"cpu": "c", "gpu": "g"}
        line["meter"] = {"kind": "measured", "name": "nvml", "static_watts": 50.0 + place}
        slower = 1.3 if place == 3 else 1.1
        line["train_wall_s"] = [slower * seconds for seconds in line["train_cpu_s"]]
    write_records(tmp_path / "runs.jsonl", [Record.from_json(line) for line in lines])
    out = tmp_path / "out"
    outcome = run("--task", "fashion-nano-gpu", "--records", tmp_path / "runs.jsonl", "--out", out)
    assert outcome.exit_code == 0, outcome.output
    bench = surrogate.load(out)
    assert bench.provenance["energy"] == "measured"
    assert bench.provenance["runtime"] == "measured: wall-clock seconds of training"
    assert bench.provenance["meter"] == {"kind": "measured", "name": "nvml"}
    assert (bench.provenance["n_records"], bench.provenance["n_left_out"]) == (33, 1)
    assert bench.space == get_space("fashion-nano-gpu")
    assert bench.query(bench.space.get_default_configuration()).energy_kwh[-1] > 0.0
    assert len(read_records(out / "records.jsonl.gz").records) == 34  # the table has it


@pytest.mark.parametrize(
    ("task", "name", "message"),
    [
        ("mnist", "runs.jsonl", "task must be one of"),
        ("cifar10", "nowhere.jsonl", "records must be a file"),
        ("cifar10", "runs.jsonl", "must belong to task 'cifar10'"),
    ],
)
def test_bad_input(tmp_path, task, name, message):
    write_records(tmp_path / "runs.jsonl", made_up.records(2, 0))
    outcome = run("--task", task, "--records", tmp_path / name, "--out", tmp_path / "out")
    assert isinstance(outcome.exception, ValueError)
    assert message in str(outcome.exception)
    assert not (tmp_path / "out").exists()
