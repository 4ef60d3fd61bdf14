"""A live task through the whole comparison: one pilot, resumed, redrawn."""

import json
import os
import re
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import typer

from benchmarks.commands.report import report
from benchmarks.comparison import run as comparison
from benchmarks.comparison.run import compare_on
from benchmarks.harness import live
from benchmarks.harness.results import load
from benchmarks.problems import get_problem

pytestmark = pytest.mark.filterwarnings("ignore:.*experimental")

PAGE = Path(__file__).parents[3] / "docs" / "extending.md"
FILE = next(
    block
    for block in re.findall(r"^```text\n(.*?)^```", PAGE.read_text(), flags=re.M | re.S)
    if "LiveTask" in block
)


def compare(path, out, *, seeds, methods=("rs", "ea-bohb"), executor=None):
    problem = get_problem(str(path))
    return compare_on(
        problem,
        out,
        methods=methods,
        seeds=seeds,
        budget_trainings=4.0,
        counts_full=problem.counts_full,
        executor=executor,
    )


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "my-diabetes.py"
    found.write_text(FILE)
    return found


def test_a_file_of_ones_own_is_compared_resumed_and_reported(path, tmp_path, monkeypatch, capsys):
    pilots = []

    def counted(problem):
        pilots.append(problem)
        return live.measure_reference(problem.load(), n_trainings=2)

    monkeypatch.setattr(comparison, "pilot", counted)
    out = tmp_path / "out"
    for seeds in ((0,), (0, 1)):  # the second time the budget is that of the first
        assert compare(path, out, seeds=seeds) == 0
    assert len(pilots) == 1
    results = load(out / "rows.jsonl")
    header = results.header
    assert results.finished() == {(m, s, 1) for m in ("rs", "ea-bohb") for s in (0, 1)}
    assert (header.task, header.metric, header.direction) == ("my-diabetes", "rmse", "minimize")
    assert header.budget_trainings == pytest.approx(4.0)
    assert header.reference_test_metric is None
    assert header.provenance["energy"] in ("measured", "estimated")
    assert header.provenance["packages"].keys() == {"scikit-learn"}
    assert all(0.0 < row.test_metric <= 10.0 for row in results.rows)
    report([out])
    summary = json.loads((out / "summary.json").read_text())
    best = min(row.test_metric for row in results.rows)
    assert summary["reference_test_rmse"] == pytest.approx(best)
    finals = summary["methods"]["rs"]["final_test_rmse"]
    assert best <= finals["q25"] <= finals["median"]
    assert "final rmse" in capsys.readouterr().out
    assert "accuracy" not in (out / "tables.md").read_text()


def test_what_an_interrupted_writer_left_of_a_live_study_is_run_again(path, tmp_path):
    out = tmp_path / "out"
    assert compare(path, out, seeds=(0,), methods=("rs",)) == 0
    rows = out / "rows.jsonl"
    lines = rows.read_bytes().splitlines(keepends=True)
    rows.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    assert compare(path, out, seeds=(0,), methods=("rs",)) == 0
    found = load(rows)
    assert found.finished() == {("rs", 0, 1)}
    assert [row.trial for row in found.rows] == list(range(len(found.rows)))


def test_a_pilot_whose_process_was_killed_is_said(path, tmp_path, capsys):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(BrokenExecutor):
            pool.submit(os._exit, 1).result()
        with pytest.raises(typer.Exit):
            compare(path, tmp_path / "out", seeds=(0,), executor=pool)
    assert "Error: a process was killed; run the same command" in capsys.readouterr().err
