import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import surrogate
from surrogate.cli import app
from surrogate.space.tasks import get_space
from tests.surrogate.official.builders import write_checkpoints

CONFIG = dict(get_space("cifar10").get_default_configuration())
TEXT = json.dumps({name: np.asarray(value).item() for name, value in CONFIG.items()})


def run(*words: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, (result.stdout, result.stderr)
    return result


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "official"
    write_checkpoints(folder, n_members=3)
    return folder


@pytest.fixture(scope="module")
def imported(official: Path) -> Path:
    out = official.parent / "mine"
    result = run("import-official", str(official), str(out), "--dataset", "cifar10")
    assert "degree 4" in result.stdout
    assert "curve (3 members), energy (1 member)" in result.stdout
    assert result.stderr == ""
    return out


def test_a_query_prints_what_the_benchmark_says(imported: Path) -> None:
    bench = surrogate.load(imported)
    for seed in (None, 3):
        options = [] if seed is None else ["--seed", str(seed)]
        printed = json.loads(
            run("query", str(imported), "--config", TEXT, "--json", *options).stdout
        )
        wanted = bench.query(CONFIG, seed=seed)
        assert printed["test_accuracy"] == wanted.test_accuracy.tolist()
        assert printed["energy_kwh"] == wanted.energy_kwh.tolist()
        assert printed["train_accuracy"] is None
        assert printed["params"] == wanted.complexity.params
        assert printed["provenance"] == {
            "test_accuracy": "imported",
            "energy_kwh": "imported",
            "runtime_s": "imported",
            "inference_energy_kwh": "imported",
        }


def test_a_query_without_json_names_units_and_provenance(imported: Path) -> None:
    lines = run("query", str(imported), "--config", TEXT).stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == [
        "quantity",
        "test_accuracy",
        "energy_kwh",
        "runtime_s",
        "inference_energy_kwh",
        "params",
        "flops",
        "activations",
    ]
    assert [line.split()[-1] for line in lines[1:5]] == ["imported"] * 4
    assert float(lines[1].split()[1]) == pytest.approx(
        surrogate.load(imported).query(CONFIG).test_accuracy[-1], rel=1e-5
    )


def test_the_shipped_default_task_can_be_queried() -> None:
    config = dict(get_space("fashion-nano").get_default_configuration())
    text = json.dumps({name: np.asarray(value).item() for name, value in config.items()})
    printed = json.loads(run("query", "fashion-nano", "--config", text, "--json").stdout)
    assert len(printed["val_accuracy"]) == config["max_epoch"]
    rows = {row["task"]: row for row in json.loads(run("tasks", "--json").stdout)}
    assert set(printed["provenance"].values()) == {"predicted"}
    assert rows["fashion-nano"]["provenance"] == {
        "accuracy": "measured",
        "energy": "estimated",
        "runtime": "measured",
    }
    assert rows["fashion-nano"]["counts"]["records"] > 0


def test_a_configuration_may_be_a_file_that_sample_wrote(tmp_path: Path) -> None:
    drawn = run("sample", "cifar10", "--n", "2", "--seed", "3").stdout.splitlines()
    assert len(set(drawn)) == 2
    path = tmp_path / "config.json"
    path.write_text(drawn[0])
    by_file = run("query", "cifar10", "--config", str(path), "--json").stdout
    assert by_file == run("query", "cifar10", "--config", drawn[0], "--json").stdout
    assert json.loads(by_file)["provenance"]["val_accuracy"] == "simulated"
    path.write_text("[" * 1_000_000)  # Python 3.13 reads 5,000
    refused = run("query", "cifar10", "--config", str(path), code=2)
    assert "config.json must be nested" in refused.stderr


def test_a_configuration_may_come_from_standard_input() -> None:
    by_text = run("query", "cifar10", "--config", TEXT, "--json").stdout
    piped = CliRunner().invoke(app, ["query", "cifar10", "--config", "-", "--json"], input=TEXT)
    assert (piped.exit_code, piped.stdout) == (0, by_text)
    for given, message in (("", "standard input"), (f"{TEXT}\n{TEXT}", "standard input")):
        refused = CliRunner().invoke(app, ["query", "cifar10", "--config", "-"], input=given)
        assert refused.exit_code == 2
        assert refused.stderr.startswith(f"Error: {message} must be")


def test_the_space_of_a_task_is_listed() -> None:
    lines = run("space", "cifar10").stdout.splitlines()
    assert {line.split()[0] for line in lines[1:]} == set(CONFIG)
    values = json.loads(run("space", "cifar10", "--json").stdout)
    assert all(np.asarray(CONFIG[name]).item() in values[name] for name in CONFIG)
    assert "Did you mean 'cifar10'" in run("space", "cifar", code=2).stderr


def test_the_version_is_that_of_the_package() -> None:
    assert run("--version").stdout == f"eahas-plugins {version('eahas-plugins')}\n"


def test_tasks_are_listed_one_a_line() -> None:
    lines = run("tasks").stdout.splitlines()
    assert lines[0].split()[:4] == ["task", "accuracy", "energy", "runtime"]
    names = [line.split()[0] for line in lines[1:]]
    assert names == ["fashion-nano", "cifar10", "tinyimagenet", "fashion-nano-table"]
    assert all(surrogate.load(name) is not None for name in names)
    assert all(len(line.split()) >= 5 for line in lines)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["query", "cifar11", "--config", "{}"], "Did you mean 'cifar10'?"),
        (["query", "IMPORTED", "--config", "{"], "--config must be a JSON object such as"),
        (["query", "IMPORTED", "--config", "[1]"], "--config must be a JSON object but is a list"),
        (["query", "IMPORTED", "--config", "[" * 100_000], "--config must be a JSON object"),
        (["query", "IMPORTED", "--config", "none.json"], "there is no file none.json"),
        (["query", "IMPORTED", "--config", "{}"], "lacks depth, w0"),
        (["query", "IMPORTED", "--config", TEXT.replace("10", "99")], "must be one of"),
        (["query", "IMPORTED", "--config", TEXT.replace('"depth"', '"dept"')], "'depth'?"),
        (["query", "IMPORTED", "--config", TEXT, "--seed", "-1"], "equal to 0"),
        (["query", "IMPORTED"], "--config"),
        (["import-official", "IMPORTED", "OUT", "--dataset", "cifar10"], "learning-curve model"),
        (["import-official", "nowhere", "OUT", "--dataset", "cifar10"], "must be a folder"),
        (["import-official", "nowhere", "OUT", "--dataset", "mnist"], "dataset must be one of"),
        (["import-official", "nowhere", "IMPORTED", "--dataset", "cifar10"], "empty folder"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_bad_input_is_explained_with_exit_code_2(
    imported: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    replaced = {"IMPORTED": str(imported), "OUT": str(tmp_path / "out")}
    result = run(*(replaced.get(word, word) for word in words), code=2)
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def test_an_incomplete_set_is_imported_and_says_what_is_unknown(
    official: Path, tmp_path: Path
) -> None:
    source = official / "ea_has_bench-v0.2"
    out = str(tmp_path / "out")
    result = run("import-official", str(source), out, "--dataset", "tinyimagenet")
    assert "energy, inference_energy, runtime" in result.stderr


def test_the_module_imports_without_any_optional_package() -> None:
    code = (
        "import sys; import surrogate.cli, surrogate.official; "
        "heavy = {'torch', 'sklearn', 'lightgbm', 'joblib', 'xgboost', 'optuna'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
