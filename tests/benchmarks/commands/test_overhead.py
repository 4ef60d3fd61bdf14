from __future__ import annotations

import importlib.util
import itertools
import json
from pathlib import Path

import optuna
import pytest
import typer
from typer.testing import CliRunner

from benchmarks.commands import overhead as module
from benchmarks.commands._pasts import STUDIES, past, space_of
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget

app = typer.Typer()
app.command()(module.overhead)


def test_every_number_is_measured() -> None:
    done = CliRunner().invoke(
        app, ["--trials", "30", "--repeats", "1", "--json"], catch_exceptions=False
    )
    result = json.loads(done.stdout)
    ratios = {(row["study"], row["sampler"]): row["ratio"] for row in result["samplers"]}
    assert set(ratios) == set(itertools.product(STUDIES, module.samplers()))
    assert all(ratios[kind, "TPESampler"] == 1.0 for kind in STUDIES)
    assert [row["storage"] for row in result["budget"]] == ["memory", "SQLite"]
    assert all(row["check_ms"] > 0.0 for row in result["budget"])
    kinds = [(row["storage"], row["n_reports"]) for row in result["trainings"]]
    assert kinds == [("memory", 10), ("memory", 20), ("SQLite", 10), ("SQLite", 20)]
    assert all(row["optuna_part"] > 0.0 for row in result["trainings"])


@pytest.mark.parametrize("kind", STUDIES)
def test_the_other_gaussian_process_is_there_where_torch_is(kind: str) -> None:
    there = {"GPSampler", "EnergyGPSampler"}
    with_torch = importlib.util.find_spec("torch") is not None
    few, many = module.samplers(kind, module.MOST_OF_GP), module.samplers(kind, 10_000)
    assert few.keys() - many.keys() == (there if with_torch else set())
    assert not there & many.keys()


def test_table() -> None:
    done = CliRunner().invoke(app, ["--trials", "30", "--repeats", "1"], catch_exceptions=False)
    assert "EnergyTPESampler" in done.stdout
    assert "SQLite" in done.stdout


def test_one_part_alone() -> None:
    arguments = ["--repeats", "1", "--part", "trainings"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    header, *rows = done.stdout.splitlines()
    assert " ".join(header.split()) == "a training of reports storage Optuna adds energy adds limit"
    assert [row.split()[4] for row in rows] == ["memory", "memory", "SQLite", "SQLite"]


@pytest.mark.parametrize(
    ("option", "known"),
    [("--part", "samplers, budget, trainings"), ("--study", "mixed, failures, choices, floats")],
)
def test_unknown_part_or_study_is_refused(option: str, known: str) -> None:
    with pytest.raises(ValueError, match=f"{option} must be one of {known} but got 'all'"):
        CliRunner().invoke(app, [option, "all"], catch_exceptions=False)


@pytest.mark.parametrize("kind", STUDIES)
def test_a_past_is_of_its_kind(kind: str) -> None:
    trials = past(20, kind)
    assert all(t.distributions == space_of(kind) for t in trials)
    failed = [t.number for t in trials if t.state is optuna.trial.TrialState.FAIL]
    assert len(failed) == (4 if kind == "failures" else 0)


@pytest.mark.parametrize("arguments", [["--trials", "0"], ["--repeats", "0"]])
def test_bad_input(arguments: list[str]) -> None:
    with pytest.raises(ValueError, match=f"{arguments[0]} must be at least 1 but got 0"):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_filled_database_is_a_study_of_finished_trials(tmp_path: Path) -> None:
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/study.db")
    module.fill_database(storage, 7)
    study = optuna.load_study(study_name="full", storage=storage)
    assert [t.number for t in study.trials] == list(range(7))
    assert [t.value for t in study.trials] == [0.5] * 7
    assert EnergyBudget(1.0).spent_kwh(study) == pytest.approx(0.07)
    storage.remove_session()
    storage.engine.dispose()
