import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing import get_context

import pytest

from benchmarks.comparison.runner import (
    Failure,
    Study,
    make_header,
    missing_studies,
    run,
    run_all,
)
from benchmarks.harness.bench import find_reference
from benchmarks.harness.results import load
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import line_of
from benchmarks.problems import get_problem
from tests.benchmarks.synthetic import SyntheticProblem

PROBLEM = SyntheticProblem()


def test_one_failing_study_does_not_stop_the_others(tmp_path):
    bench = PROBLEM.load()
    reference = find_reference(bench, n_prior=100, rounds=1)
    header = make_header(PROBLEM, bench, reference, 3.0 * reference.mean_training_kwh)
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
    assert load(tmp_path / "rows.jsonl").finished() == {("rs", 1, 1)}


def test_where_a_worker_was_killed_studies_fail_and_are_said(tmp_path):
    bench = PROBLEM.load()
    reference = find_reference(bench, n_prior=20, rounds=1)
    header = make_header(PROBLEM, bench, reference, 1.0)
    studies = [Study(problem=PROBLEM, method="rs", seed=seed, budget_kwh=1.0) for seed in (3, 4)]
    told = []
    with (
        RowFile(tmp_path / "rows.jsonl", header) as file,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        with pytest.raises(BrokenProcessPool):
            pool.submit(os._exit, 1).result()
        failures = run_all(studies, file, executor=pool, on_done=told.append)
    assert [failure.study for failure in failures] == told == studies
    assert all(isinstance(failure.error, BrokenProcessPool) for failure in failures)


def test_rows_of_a_problem_with_several_tasks_say_which_one():
    bench = PROBLEM.load()
    reference = find_reference(bench, n_prior=20, rounds=1)
    assert make_header(PROBLEM, bench, reference, 1.0).task == PROBLEM.name
    bench.provenance = {**bench.provenance, "problem": "several-7"}
    assert make_header(PROBLEM, bench, reference, 1.0).task == "several-7"


def test_the_header_does_not_have_the_digits_that_depend_on_threads():
    bench = PROBLEM.load()
    reference = find_reference(bench, n_prior=20, rounds=1)
    lines = set()
    for factor in (1.0, 1.0 + 3e-15):
        near = replace(reference, test_metric=factor * reference.test_metric)
        bench.provenance = {"kind": "simulated", "front": {"least_accuracy": factor / 3.0}}
        lines.add(line_of(make_header(PROBLEM, bench, near, 1.0)))
    assert len(lines) == 1


def test_methods_that_know_no_shorter_trainings_have_full_ones_where_a_length_is_a_fidelity(
    tmp_path,
):
    problem = get_problem("fashion-nano")
    header = make_header(
        problem,
        bench := problem.load(),
        find_reference(bench, n_prior=20, rounds=1),
        1.0,
    )
    methods = ("tpe", "ea-bohb", "ea-bohb-plain")
    with RowFile(tmp_path / "rows.jsonl", header) as file:
        for told, expected in ((True, [True, False, True]), (False, [False] * 3)):
            studies = missing_studies(problem, methods, [0], file, plain_in_full=told)
            assert [study.in_full for study in studies] == expected
        rows = run(Study(problem=problem, method="rs", seed=0, budget_kwh=1e-4, in_full=True))
    assert {row.config["max_epoch"] for row in rows} == {40}
