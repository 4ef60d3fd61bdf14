import dataclasses

import numpy as np
import pytest

from benchmarks.comparison.run import budget_text, check_workers, compare_on
from benchmarks.comparison.workers import local_processes
from benchmarks.harness.bench import Reference, find_reference
from benchmarks.harness.results import load
from benchmarks.harness.rows import RowsError
from benchmarks.reporting.traces import collect
from tests.benchmarks.synthetic import SyntheticBench, SyntheticProblem

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*experimental"),
]


PROBLEM = SyntheticProblem()


class Front(SyntheticProblem):
    """The same with two objectives."""

    def load(self):
        bench = super().load()
        bench.provenance = {**bench.provenance, "objectives": ["accuracy", "energy_kwh"]}
        return bench


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
        patch.setattr("benchmarks.comparison.run.find_reference", lambda bench: known)
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
    assert results.finished() == {(m, s, 1) for m in ("rs", "tpe") for s in (0, 1)}
    bench = PROBLEM.load()
    for study in results.finished():
        rows = [row for row in results.rows if row.study == study]
        epoch_kwh = max(bench.query(row.config).energy_kwh[0] for row in rows)
        assert rows[-1].kwh <= header.budget_kwh + epoch_kwh
        assert rows[-1].kwh == max(row.kwh for row in rows)
    assert all(row.test_metric <= header.reference_test_metric for row in results.rows)


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
    assert added == {("hb", 1, 1), ("rs", 2, 1), ("hb", 2, 1)}


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


def test_the_budget_is_told_in_energy_and_in_both_kinds_of_trainings(tmp_path, capsys):
    assert compare_synthetic(tmp_path, methods=("rs",), seeds=(0,)) == 0
    told = " ".join(capsys.readouterr().err.split())
    header = load(tmp_path / "rows.jsonl").header
    assert f"{header.budget_kwh:.4g} kWh (" in told
    assert "the energy of 3 mean trainings over all schedules or " in told


def test_a_full_training_has_the_longest_schedule():
    reference = Reference(
        mean_training_kwh=0.5, mean_full_training_kwh=2.0, test_metric=0.9, how=""
    )
    assert budget_text(10.0, reference) == (
        "10 kWh (10 kWh), the energy of 20 mean trainings over all schedules or 5 full trainings "
        "with the longest one,"
    )


def test_studies_with_several_workers_are_added_to_those_with_one(finished, tmp_path):
    before = (finished / "rows.jsonl").read_bytes()
    (tmp_path / "rows.jsonl").write_bytes(before)
    for _ in range(2):  # the second time there is nothing left to do
        assert compare_synthetic(tmp_path, methods=("rs",), workers=4) == 0
    results = load(tmp_path / "rows.jsonl")
    assert (tmp_path / "rows.jsonl").read_bytes().startswith(before)
    assert results.workers == (1, 4)
    added = results.with_workers(4)
    assert added.header.task == "synthetic, 4 workers"
    assert added.finished() == {("rs", 0, 4), ("rs", 1, 4)}
    assert results.with_workers(1).rows == load(finished / "rows.jsonl").rows


def test_rows_of_incumbents_alone_tell_the_same_energies(tmp_path):
    options = {"methods": ("rs",), "trainings": 15.0}
    assert compare_synthetic(tmp_path / "whole", **options) == 0
    for _ in range(2):  # the second time there is nothing left to do
        assert compare_synthetic(tmp_path / "few", incumbents_only=True, **options) == 0
    few, whole = (load(tmp_path / name / "rows.jsonl") for name in ("few", "whole"))
    assert few.header == dataclasses.replace(whole.header, incumbents_only=True)
    assert few.finished() == whole.finished()
    assert 2 * len(few.rows) < len(whole.rows)
    assert all(row in whole.rows for row in few.rows)
    ours, theirs = (collect(results)["rs"].traces for results in (few, whole))
    targets = np.linspace(0.0, 1.0, 200)
    for trace, other in zip(ours, theirs, strict=True):
        assert trace.n_trials == other.n_trials > len(trace.kwh)
        assert trace.kwh_to(targets).tolist() == other.kwh_to(targets).tolist()
    with pytest.raises(RowsError, match="incumbents_only of all rows must be the same"):
        compare_synthetic(tmp_path / "few", **options)


def test_a_front_has_no_incumbents(tmp_path):
    with pytest.raises(ValueError, match="front of accuracy and energy_kwh"):
        compare_on(
            Front(), tmp_path, methods=("rs",), seeds=(0,), budget_trainings=1, incumbents_only=True
        )


@pytest.mark.parametrize(
    ("methods", "workers", "message"),
    [
        (("rs", "smac", "hpbandster-bohb"), 4, "workers must be 1 for smac, hpbandster-bohb but"),
        (("rs",), 0, "workers must be at least 1 but got 0"),
    ],
)
def test_workers_that_cannot_be_simulated_are_refused(tmp_path, methods, workers, message):
    with pytest.raises(ValueError, match=message):
        compare_synthetic(tmp_path, methods=methods, workers=workers)
    assert not (tmp_path / "rows.jsonl").exists()


def test_a_live_task_has_no_simulated_workers():
    with pytest.raises(ValueError, match="workers must be 1 on digits, whose trainings are run"):
        check_workers(2, ("rs",), task="digits", live=True)
    check_workers(1, ("smac",), task="digits", live=True)


def test_a_task_with_two_objectives_has_no_simulated_workers(tmp_path):
    with pytest.raises(ValueError, match="searched for accuracy and energy_kwh, but got 4"):
        compare_on(
            Front(),
            tmp_path / "out",
            methods=("rs",),
            seeds=(0,),
            budget_trainings=3.0,
            workers=4,
        )
    assert not (tmp_path / "out").exists()
