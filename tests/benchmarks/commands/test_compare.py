import json
import math

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.commands.compare import compare, compare_on
from benchmarks.comparison.runner import Failure, Study, local_processes, run_all
from benchmarks.comparison.suites import SUITES, make_plan
from benchmarks.harness.bench import find_reference
from benchmarks.harness.results import load
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import RowsError
from benchmarks.methods import check_method
from benchmarks.problems import Problem, get_problem, problem_names
from tests.benchmarks.synthetic import SyntheticBench, SyntheticProblem

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*experimental"),
]

PROBLEM = SyntheticProblem()


def compare_synthetic(folder, methods=("rs", "tpe"), seeds=(0, 1), trainings=3.0, **options):
    return compare_on(
        PROBLEM, folder, methods=methods, seeds=seeds, budget_trainings=trainings, **options
    )


def sorted_lines(path):
    header, *rows = path.read_text().splitlines()
    return [header, *sorted(rows)]


@pytest.fixture(scope="module", autouse=True)
def _search_for_the_reference_once():
    known = find_reference(SyntheticBench(), n_prior=200, rounds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.commands.compare.find_reference", lambda bench: known)
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    assert compare_synthetic(folder) == 0
    return folder


def test_every_study_has_the_same_budget_and_keeps_it(finished):
    results = load(finished / "rows.jsonl")
    header = results.header
    assert header.budget_kwh == pytest.approx(3.0 * header.mean_training_kwh)
    assert results.finished() == {(m, s) for m in ("rs", "tpe") for s in (0, 1)}
    bench = PROBLEM.load()
    for method, seed in results.finished():
        rows = [row for row in results.rows if row.study == (method, seed)]
        epoch_kwh = max(bench.query(row.config).energy_kwh[0] for row in rows)
        assert rows[-1].kwh <= header.budget_kwh + epoch_kwh
        assert rows[-1].kwh == max(row.kwh for row in rows)
    assert all(row.test_accuracy <= header.reference_test_accuracy for row in results.rows)


def test_finished_studies_are_not_run_again(finished, tmp_path, monkeypatch):
    before = (finished / "rows.jsonl").read_bytes()
    (tmp_path / "rows.jsonl").write_bytes(before)
    ran = []
    monkeypatch.setattr("benchmarks.comparison.runner.run", ran.append)
    assert compare_synthetic(tmp_path) == 0
    assert ran == []
    assert (tmp_path / "rows.jsonl").read_bytes() == before


def test_methods_and_seeds_are_added_to_recorded_rows(finished, tmp_path):
    before = (finished / "rows.jsonl").read_bytes()
    (tmp_path / "rows.jsonl").write_bytes(before)
    assert compare_synthetic(tmp_path, methods=("rs", "hb"), seeds=(1, 2)) == 0
    assert (tmp_path / "rows.jsonl").read_bytes().startswith(before)
    added = load(tmp_path / "rows.jsonl").finished() - load(finished / "rows.jsonl").finished()
    assert added == {("hb", 1), ("rs", 2), ("hb", 2)}


def test_after_a_crash_nothing_recorded_is_lost(finished, tmp_path, capsys):
    whole = (finished / "rows.jsonl").read_bytes()
    path = tmp_path / "rows.jsonl"
    path.write_bytes(whole[: int(len(whole) * 0.6)])  # somewhere in the middle of a study
    kept = load(path)
    assert kept.dropped
    assert compare_synthetic(tmp_path) == 0
    assert "half-written row" in " ".join(capsys.readouterr().err.split())
    assert sorted_lines(path) == sorted_lines(finished / "rows.jsonl")
    assert load(path).rows[: len(kept.rows)] == kept.rows


def test_processes_make_the_same_rows(finished, tmp_path):
    with local_processes(2) as executor:
        assert compare_synthetic(tmp_path, executor=executor) == 0
    assert sorted_lines(tmp_path / "rows.jsonl") == sorted_lines(finished / "rows.jsonl")


def test_processes_order_sets_alike(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    hashes = set()
    for _ in range(2):
        with local_processes(1) as executor:
            hashes.add(executor.submit(hash, "a configuration").result())
    assert len(hashes) == 1


def test_another_budget_is_refused(finished):
    before = (finished / "rows.jsonl").read_bytes()
    with pytest.raises(RowsError, match="budget_kwh"):
        compare_synthetic(finished, trainings=4.0)
    with pytest.raises(RowsError, match="budget_kwh"):
        compare_synthetic(finished, budget_kwh=1.0)
    assert (finished / "rows.jsonl").read_bytes() == before


def test_packed_rows_are_not_continued(finished, tmp_path):
    (tmp_path / "rows.jsonl.gz").write_bytes(b"")
    with pytest.raises(RowsError, match="gunzip"):
        compare_synthetic(tmp_path)


def test_one_failing_study_does_not_stop_the_others(finished, tmp_path):
    header = load(finished / "rows.jsonl").header
    budgets = {0: 1e-9, 1: header.budget_kwh}  # too little for an epoch
    studies = [
        Study(problem=PROBLEM, method="rs", seed=seed, budget_kwh=kwh)
        for seed, kwh in budgets.items()
    ]
    with RowFile(tmp_path / "rows.jsonl", header) as file:
        failures = run_all(studies, file, executor=None)
    assert [failure.study.seed for failure in failures] == [0]
    assert isinstance(failures[0], Failure)
    assert "at least one epoch" in str(failures[0].error)
    assert load(tmp_path / "rows.jsonl").finished() == {("rs", 1)}


def invoke(*arguments):
    app = typer.Typer()
    app.command()(compare)
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--task", "fashon-nano"), "Did you mean 'fashion-nano'?"),
        (("--methods", "rs,ea-bhob"), "Did you mean 'ea-bohb'?"),
        (("--methods", "rs,rs"), "each be given once"),
        (("--methods", ","), "must not be empty"),
        (("--budget-trainings", "0"), "budget-trainings must be positive"),
        (("--budget-trainings", "-3"), "budget-trainings must be positive"),
        (("--budget-trainings", "nan"), "budget-trainings must be positive"),
        (("--budget-kwh", "nan"), "budget-kwh must be positive"),
        (("--budget-kwh", "inf"), "budget-kwh must be positive"),
        (("--budget-kwh", "1", "--budget-trainings", "2"), "together"),
        (("--seeds", "0"), "seeds must be at least 1"),
        (("--first-seed", "-1"), "first-seed must not be negative"),
        (("--jobs", "0"), "jobs must be at least 1"),
        (("--engine", "ray"), "engine must be local or dask"),
        (("--engine", "dask"), "together"),
        (("--suite", "papr"), "suite must be one of smoke, paper"),
    ],
)
def test_bad_input_says_what_must_hold_and_writes_nothing(tmp_path, arguments, message):
    out = tmp_path / "out"
    result = invoke("--out", str(out), *arguments)
    assert isinstance(result.exception, ValueError)  # `python -m benchmarks` makes it exit code 2
    assert message in str(result.exception)
    assert not out.exists()


def test_suites_name_what_exists():
    for suite in SUITES:
        plan = plan_of(suite)
        assert set(plan.tasks) <= set(problem_names())
        assert [check_method(name) for name in plan.methods] == list(plan.methods)


def test_the_default_is_a_few_methods_that_need_optuna_alone():
    assert plan_of(None).methods == ("bohb", "rs", "tpe", "ea-bohb")


def plan_of(suite):
    return make_plan(suite, task=None, methods=None, seeds=None, budget_trainings=None)


def test_what_the_user_gives_replaces_the_suite():
    plan = make_plan("paper", task="cifar10", methods="rs, tpe", seeds=3, budget_trainings=None)
    assert (plan.tasks, plan.methods, plan.seeds) == (("cifar10",), ("rs", "tpe"), 3)
    assert plan.budget_trainings == SUITES["paper"].budget_trainings
    assert math.isfinite(plan.budget_trainings)


def test_a_problem_is_a_file_or_a_folder(tmp_path):
    assert {"fashion-nano", "cifar10", "tinyimagenet"} <= set(problem_names())
    assert get_problem("cifar10") == Problem("cifar10")
    with pytest.raises(ValueError, match="import-official"):
        get_problem(str(tmp_path))
    (tmp_path / "provenance.json").write_text(json.dumps({}))
    found = get_problem(str(tmp_path))
    assert (found.name, found.folder) == (tmp_path.name, tmp_path)
