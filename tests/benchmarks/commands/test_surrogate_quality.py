import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from benchmarks.commands.surrogate_quality import (
    curve_scores,
    evaluate,
    noise_ceiling,
    surrogate_quality,
)
from benchmarks.dataset import curve_models as quality_methods
from surrogate.fitting.dataset import from_records
from surrogate.record_files import write_records
from tests.surrogate import made_up


def run(*arguments):
    app = typer.Typer()
    app.command()(surrogate_quality)
    return CliRunner().invoke(app, arguments)


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality_methods, "SHAPES", quality_methods.SHAPES[:2])
        return evaluate(made_up.TASK, made_up.records(140), repeats=1, most=3000)


def test_every_installed_method_learns_something(found):
    names = {"XGBoost per epoch", "SVD + XGBoost", "BSC + XGBoost", "BSC + Gaussian process"}
    assert names <= set(found["curves"])
    for name, row in found["curves"].items():
        assert row["tau_final"]["mean"] > 0.1, name
        assert row["r2_final"]["mean"] <= 1.0
        assert {"r2_10", "tau_10"} <= set(row)


def test_missing_packages_are_named(found):
    n_methods = len(found["curves"]) + len(found["missing"])
    assert n_methods == 9
    assert all("pip install" in message for message in found["missing"])


def test_costs_and_ceiling(found):
    assert {"linear + XGBoost", "XGBoost"} <= set(found["costs"])
    for row in found["costs"].values():
        assert row["r2_energy_kwh"]["mean"] > 0.5
    assert found["costs"]["linear + XGBoost"]["r2_energy_kwh"]["mean"] > 0.8
    assert found["noise_ceiling"]["n_repeated"] == 12
    assert 0.9 < found["noise_ceiling"]["r2_runtime_s"] <= 1.0
    assert found["noise_ceiling"]["r2_final"] < 1.0


def test_perfect_and_constant_predictions():
    rng = np.random.default_rng(0)
    truth = [rng.random(n) for n in (3, 3, 3, 3, 5)]
    perfect = curve_scores(truth, truth)
    assert perfect["r2_3"] == perfect["tau_3"] == perfect["r2_final"] == 1.0
    assert "r2_5" not in perfect  # one curve alone has no rank
    mean = np.mean([curve[-1] for curve in truth])
    shifted = [np.full(len(curve), mean) + 1e-9 * rng.random(len(curve)) for curve in truth]
    assert curve_scores(truth, shifted)["r2_final"] == pytest.approx(0.0, abs=1e-6)


def test_no_ceiling_without_repeats():
    data = from_records(made_up.records(10, 0), made_up.TASK)
    assert noise_ceiling(data) == {"n_repeated": 0.0}


def test_command_prints_the_table(tmp_path, monkeypatch):
    write_records(tmp_path / "runs.jsonl", made_up.records(40, 4))
    only = {"SVD + XGBoost": quality_methods.svd(quality_methods._boost_each)}
    monkeypatch.setattr(quality_methods, "available", lambda n_learnt: (only, ["x needs y"]))
    shown = run("--task", made_up.TASK, "--records", str(tmp_path / "runs.jsonl"), "--repeats", "1")
    assert shown.exit_code == 0, shown.output
    assert "SVD" in shown.output
    assert "noise" in shown.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "mnist"), "task must be one of"),
        (("--task", "cifar10", "--records", "nowhere.jsonl"), "must be a record file"),
        (("--task", "cifar10", "--repeats", "0"), "repeats must be at least 1"),
    ],
)
def test_bad_input(arguments, message):
    outcome = run(*arguments)
    assert isinstance(outcome.exception, ValueError)
    assert message in str(outcome.exception)
