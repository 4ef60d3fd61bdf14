"""Studies on a Dask cluster give the rows that they give here."""

import pytest

from benchmarks.comparison.runner import Study, make_header, run_all
from benchmarks.comparison.workers import dask_workers
from benchmarks.harness.bench import find_reference
from benchmarks.harness.results import load
from benchmarks.harness.row_file import RowFile
from tests.benchmarks.synthetic import SyntheticProblem

distributed = pytest.importorskip("distributed", reason="Dask comes with the smac extra")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_dask_workers_make_the_same_rows(tmp_path):
    problem = SyntheticProblem()
    bench = problem.load()
    reference = find_reference(bench, n_prior=100)
    budget_kwh = 2.0 * reference.mean_training_kwh
    header = make_header(problem, bench, reference, budget_kwh)
    studies = [
        Study(problem=problem, method="rs", seed=seed, budget_kwh=budget_kwh) for seed in range(3)
    ]
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        dask_workers(cluster.scheduler_address) as executor,
        RowFile(tmp_path / "there" / "rows.jsonl", header) as file,
    ):
        assert run_all(studies, file, executor=executor) == []
    with RowFile(tmp_path / "here" / "rows.jsonl", header) as file:
        run_all(studies, file, executor=None)
    there, here = (load(tmp_path / name / "rows.jsonl").rows for name in ("there", "here"))
    assert sorted(there, key=lambda row: (row.seed, row.trial)) == list(here)


def test_a_scheduler_that_does_not_answer_is_named():
    with (
        pytest.raises(ValueError, match="dask scheduler"),
        dask_workers("tcp://127.0.0.1:9", timeout_s=0.2),
    ):
        pass
