"""Many studies: which are missing, running them, and how their rows reach the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from dataclasses import dataclass
from functools import cache
from platform import python_version
from typing import Protocol

from benchmarks.harness.bench import Reference, SeededBench
from benchmarks.harness.in_full import in_full
from benchmarks.harness.live import LiveBench, LiveTask, measure_reference
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import Header, Row, rounded
from benchmarks.harness.study import Setting, incumbents, run_study
from benchmarks.methods import get_method
from eahas_plugins.packages import DISTRIBUTION, version_of
from eahas_plugins.targets.metric import metric_of
from surrogate import Benchmark

_PACKAGES = (DISTRIBUTION, "numpy", "ConfigSpace")


class Loadable(Protocol):
    """A problem: hashable, picklable, with a name."""

    def __hash__(self) -> int:
        """Equal problems load equal benchmarks."""

    @property
    def name(self) -> str:
        """The task."""

    def load(self) -> Benchmark | LiveTask:
        """The benchmark, or what is trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One method with one seed, to be run."""

    problem: Loadable
    method: str
    seed: int
    budget_kwh: float
    in_full: bool = False
    """Whether all trainings have the longest schedule."""
    workers: int = 1
    """Trainings that run at once."""
    incumbents_only: bool = False
    """Whether only trials that were the best so far are recorded, and the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A study that raised."""

    study: Study
    error: Exception


def make_header(
    problem: Loadable,
    bench: Benchmark | LiveTask,
    reference: Reference,
    budget_kwh: float,
    *,
    counts_full: bool = False,
    incumbents_only: bool = False,
) -> Header:
    """The header of a comparison's rows.

    ``counts_full`` says that the budget counts mean trainings with the longest schedule,
    ``incumbents_only`` which trials have rows.

    A problem that stands for several tasks says in its provenance's ``problem`` which one it is, so
    that their rows are never taken for one. What was found in the benchmark has nine digits, as
    rows have: with other numbers of threads the last ones differ.
    """
    if isinstance(bench, LiveTask):
        provenance, metric = bench.provenance(problem.name), bench.metric
    else:
        provenance, metric = dict(bench.provenance), metric_of(None, None)
    return Header(
        task=str(provenance.get("problem", problem.name)),
        budget_kwh=budget_kwh,
        mean_training_kwh=reference.mean_training_kwh,
        reference_test_metric=rounded(reference.test_metric),
        reference=reference.how,
        provenance=rounded(provenance),
        versions={"python": python_version()} | {name: version_of(name) for name in _PACKAGES},
        mean_full_training_kwh=reference.mean_full_training_kwh if counts_full else None,
        metric=metric.name,
        direction="maximize" if metric.maximize else "minimize",
        incumbents_only=incumbents_only,
    )


def missing_studies(
    problem: Loadable,
    methods: Sequence[str],
    seeds: Sequence[int],
    file: RowFile,
    *,
    plain_in_full: bool = False,
    workers: int = 1,
) -> list[Study]:
    """The studies that the file does not hold yet, seed by seed.

    ``plain_in_full`` says that methods that know no shorter trainings have full ones.

    Raises:
        ValueError: If a method is unknown, cannot be imported or was run with other packages.
    """
    for name in methods:
        file.refuse_other_host(name, get_method(name).host)
    finished, header = file.results.finished(), file.results.header
    return [
        Study(
            problem=problem,
            method=method,
            seed=seed,
            budget_kwh=header.budget_kwh,
            in_full=plain_in_full and get_method(method).in_full,
            workers=workers,
            incumbents_only=header.incumbents_only,
        )
        for seed in seeds
        for method in methods
        if (method, seed, workers) not in finished
    ]


def pilot(problem: Loadable) -> Reference:
    """What a complete training of a live task costs, in whichever process this is.

    Raises:
        TypeError: If the problem is a benchmark.
    """
    task = _load(problem)
    if not isinstance(task, LiveTask):
        raise TypeError(f"{problem.name} must be a live task but is a {type(task).__name__}.")
    return measure_reference(task)


def run(study: Study) -> list[Row]:
    """Run one study, in whichever process this is."""
    method = get_method(study.method)
    loaded = _load(study.problem)
    if study.in_full:
        loaded = in_full(loaded)
    if isinstance(loaded, LiveTask):
        bench: SeededBench | LiveBench = LiveBench(loaded, study.seed)
    else:
        bench = SeededBench(loaded, study.seed)
    setting = Setting(
        bench=bench,
        budget_kwh=study.budget_kwh,
        seed=study.seed,
        workers=study.workers,
    )
    rows = run_study(
        method.run,
        setting,
        name=method.name,
        energy_aware=method.energy_aware,
        host=method.host,
    )
    if not study.incumbents_only:
        return rows
    return incumbents(rows, maximize=not isinstance(bench, LiveBench) or bench.metric.maximize)


def run_all(
    studies: Sequence[Study],
    file: RowFile,
    *,
    executor: Executor | None,
    on_done: Callable[[Study], None] = lambda study: None,
) -> list[Failure]:
    """Run studies and record each as soon as it ends; one that fails does not stop the others.

    Args:
        studies: What to run.
        file: Where the rows go.
        executor: Where they run; in this process where None.
        on_done: Called after each.

    Returns:
        The studies that raised.
    """
    failures = []
    for study, result in _results(studies, executor):
        if isinstance(result, Exception):
            failures.append(Failure(study=study, error=result))
        else:
            file.append(result)
        on_done(study)
    return failures


def _results(
    studies: Sequence[Study], executor: Executor | None
) -> Iterator[tuple[Study, list[Row] | Exception]]:
    if executor is None:
        for study in studies:
            yield study, _outcome(lambda study=study: run(study))  # type: ignore[misc]
        return
    waiting: dict[Future[list[Row]], Study] = {}
    for study in studies:
        try:
            waiting[executor.submit(run, study)] = study
        except BrokenExecutor as error:  # a worker was killed, maybe at the task before
            yield study, error
    for future in as_completed(waiting):
        yield waiting[future], _outcome(future.result)


def _outcome(call: Callable[[], list[Row]]) -> list[Row] | Exception:
    try:
        return call()
    except Exception as error:
        return error


@cache
def _load(problem: Loadable) -> Benchmark | LiveTask:
    """Loaded once per worker."""
    return problem.load()
