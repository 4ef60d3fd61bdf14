"""The command line where packages are missing: one line that names the extra, exit code 2."""

import json
import subprocess
import sys

import pytest

from benchmarks.__main__ import COMMANDS
from benchmarks.problems import _lcbench
from tests.benchmarks.made_up_rows import HEADER, make_rows
from tests.surrogate import made_up_steps

OPTIONAL = (
    "codecarbon", "distributed", "flaml", "hpbandster", "matplotlib", "onnxruntime", "optuna",
    "plotly", "pynvml", "sklearn", "smac", "torch", "xgboost", "zeus",
)  # fmt: skip


HIDING = """
import runpy, sys

class Hidden:
    names, sys.argv[1:] = sys.argv[1].split(","), sys.argv[2:]

    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in Hidden.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden)
runpy.run_module("benchmarks", run_name="__main__", alter_sys=True)
"""


def run_without(packages, *arguments, cwd=None):
    command = [sys.executable, "-W", "ignore", "-c", HIDING, ",".join(packages), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def steps_file(folder):
    path = folder / "steps.jsonl"
    rows = made_up_steps.rows("cifar10", 25)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def lcbench_folder(folder):
    (folder / _lcbench.MODEL_FILE).write_bytes(b"not read")
    (folder / _lcbench.ENCODING_FILE).write_text(json.dumps({_lcbench.TASK_KEY: {"7": 3}}))
    return folder


def record_file(folder):
    path = folder / "records.jsonl"
    config = {"w0": 8, "wa": 2.0, "wm": 2.0, "group_width": 1, "base_lr": 0.1}
    config |= {"optimizer": "sgd", "lr_policy": "cos", "cutout_length": 0, "max_epoch": 10}
    record = {"schema": 1, "task": "fashion-nano"}
    record |= {"val_accuracy": [0.5] * 10, "train_wall_s": [1.0] * 10}
    lines = [json.dumps(record | {"config": {**config, "depth": depth}}) for depth in (4, 5, 6)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_help_needs_no_optional_package():
    done = run_without(OPTIONAL, "--help")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [
        ("xgboost", "fit", ["speed", "--task", "fashion-nano"]),
        ("xgboost", "fit", ["fit", "--task", "fashion-nano", "--records", "{records}"]),
        ("xgboost", "fit", ["surrogate-quality", "--task", "fashion-nano"]),
        ("torch", "train", ["collect", "--runs", "1"]),
        ("torch", "train", ["measure-steps", "--task", "cifar10"]),
        ("sklearn", "fit", ["fit", "--task", "cifar10", "--costs", "{steps}"]),
        ("matplotlib", "viz", ["fit", "--task", "cifar10", "--costs", "{steps}", "--figure", "f"]),
        ("torch", "train", ["verify"]),
        ("matplotlib", "viz", ["statistics", "--task", "fashion-nano"]),
        ("matplotlib", "viz", ["card", "--figure", "{folder}/figure.png"]),
        ("plotly", "viz", ["report", "{rows}"]),
        ("plotly", "viz", ["compare", "--methods", "rs"]),
        ("optuna", "optuna", ["compare", "--methods", "rs"]),
        ("smac", "smac", ["compare", "--methods", "rs,smac"]),
        ("hpbandster", "hpbandster", ["compare", "--methods", "ea-hpbandster-bohb"]),
        ("optuna", "optuna", ["overhead", "--trials", "1", "--repeats", "1"]),
        ("smac", "smac", ["overhead-hosts", "--host", "smac"]),
        ("hpbandster", "hpbandster", ["overhead-hosts", "--host", "hpbandster"]),
        ("sklearn", "fit", ["surrogate-quality", "--task", "fashion-nano", "--repeats", "1"]),
        (
            "onnxruntime",
            "yahpo",
            ["compare", "--methods", "rs", "--task", "yahpo-lcbench", "--source", "{lcbench}"],
        ),
    ],
)
def test_a_missing_package_is_one_line_and_nothing_is_left_behind(
    tmp_path, package, extra, arguments
):
    inputs, out = tmp_path / "inputs", tmp_path / "out"
    inputs.mkdir()
    places = {
        "records": record_file(inputs),
        "rows": rows_folder(inputs),
        "folder": tmp_path,
        "steps": steps_file(inputs),
        "lcbench": lcbench_folder(inputs) / "7",
    }
    arguments = [text.format(**places) for text in arguments]
    if arguments[0] in ("fit", "collect", "measure-steps", "statistics", "compare"):
        arguments += ["--out", str(out)]
    done = run_without([package], *arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert package in last
    assert f"pip install 'eahas-plugins[{extra}]'" in last
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    for arguments in (["compare", "--methods", "rs"], ["statistics", "--task", "fashion-nano"]):
        done = run_without([], *arguments, "--out", str(out))
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert str(out) in done.stderr.splitlines()[-1]


def rows_folder(folder):
    from benchmarks.harness.row_file import RowFile

    with RowFile(folder / "rows.jsonl", HEADER) as file:
        file.append(make_rows())
    return folder
