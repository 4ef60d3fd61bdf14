"""A family's studies are run once and told in a table."""

import json
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import make_app
from benchmarks.harness.results import load
from benchmarks.harness.rows import RowsError
from benchmarks.transfer.conditions import Condition
from benchmarks.transfer.families import Family
from benchmarks.transfer.run import EARLIER_METHODS, run_family
from benchmarks.transfer.table import lines_of
from tests.benchmarks.synthetic import SyntheticBench

NAMES = ("a", "b", "c")
ALL = Condition(n=None)
CONDITIONS = (Condition(n=0), ALL, Condition(n=1, damage="permuted"))


@dataclass(frozen=True)
class Task:
    name: str

    def load(self):
        return SyntheticBench()


FAMILY = Family(name="synthetic", tasks=NAMES, targets=NAMES[1:], new=Task, earlier=Task)


def run(out, *, seeds=(7, 8), trainings=3.0, **how):
    how = {"conditions": CONDITIONS, "plain": "rs", **how}
    return run_family(FAMILY, out, seeds=seeds, budget_trainings=trainings, **how)


def test_all_studies_are_recorded_and_none_is_run_again(tmp_path, capsys):
    found = run(tmp_path)
    assert [task.task for task in found] == ["b", "c"]
    for task in found:
        expected = {(c.name, seed, 1) for c in CONDITIONS for seed in (7, 8)}
        assert task.new.finished() == expected
        assert task.plain.finished() == {("rs", 7, 1), ("rs", 8, 1)}
        assert task.plain.header.budget_trainings == pytest.approx(1.0)
    methods = [load(tmp_path / "earlier" / n / "rows.jsonl").rows[0].method for n in NAMES]
    assert methods == list(EARLIER_METHODS)
    assert "b: ea-bohb-earlier-all, seed 8" in capsys.readouterr().err
    before = {p: p.read_bytes() for p in tmp_path.glob("**/rows.jsonl")}
    again = run(tmp_path, seeds=(7, 8, 9))
    assert "seed 8" not in capsys.readouterr().err
    assert again[0].new.finished() > found[0].new.finished()
    assert all(p.read_bytes().startswith(content) for p, content in before.items())
    with pytest.raises(RowsError, match="budget_kwh"):
        run(tmp_path, trainings=4.0)


def test_the_table_needs_incumbents_alone(tmp_path):
    whole, slim = (
        lines_of(run(tmp_path / str(slim), incumbents_only=slim), CONDITIONS)
        for slim in (False, True)
    )
    assert slim == whole
    for name, row in (("earlier/b", False), ("b", True), ("b/plain", True)):
        rows, all_rows = (load(tmp_path / kind / name / "rows.jsonl") for kind in ("True", "False"))
        assert rows.header.incumbents_only is row
        fewer = len(rows.rows) < len(all_rows.rows)
        assert fewer is (row and name == "b")  # studies of one training have no more than that one


def test_the_command_refuses_what_is_out_of_range(tmp_path):
    def failed(*arguments):
        return CliRunner().invoke(
            make_app(["transfer"]), ["transfer", "--out", tmp_path, *arguments]
        )

    assert "seeds must be at least 1" in failed("--plain", "rs", "--seeds", "0").stderr
    assert "must be one of" in failed("--plain", "best").stderr
    assert "budget-trainings must be pos" in failed("--budget-trainings", "nan").stderr
    asked = failed("--plain", "rs", "--conditions", "all")
    assert "conditions must be some of" in asked.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_table(tmp_path, monkeypatch):
    from benchmarks.transfer import families

    monkeypatch.setattr(families, "classifiers", lambda: FAMILY)
    arguments = ["transfer", "--out", tmp_path, "--seeds", "1", "--budget-trainings", "2"]
    arguments += ["--plain", "rs", "--conditions", "ea-bohb-earlier-1"]
    done = CliRunner().invoke(make_app(["transfer"]), list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    (none, one) = json.loads((tmp_path / "transfer.json").read_text())
    assert (none["condition"], one["condition"]) == ("no earlier studies", "1 earlier study")
    assert (tmp_path / "transfer.md").read_text() in done.output
