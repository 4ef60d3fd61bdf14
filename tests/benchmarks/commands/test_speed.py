import json

import typer
from typer.testing import CliRunner

from benchmarks.commands import speed as module


def test_measures_a_shipped_task(monkeypatch):
    monkeypatch.setattr(module, "N_ROUNDS", 2)
    monkeypatch.setattr(module, "N_CALLS", 2)
    monkeypatch.setattr(module, "N_MANY", 50)
    app = typer.Typer()
    app.command()(module.speed)
    outcome = CliRunner().invoke(app, ["--task", "fashion-nano", "--json"])
    assert outcome.exit_code == 0, outcome.output
    found = json.loads(outcome.output)
    (row,) = found["tasks"]
    assert row["query_units"] == row["query_us"] / row["unit_us"]
    assert set(found["limits"]) <= set(row) | {"data_mb"}
    assert 0.0 < found["data_mb"] <= found["limits"]["data_mb"]
