"""Many studies: which are missing, running them, and how their rows reach the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from platform import python_version
from typing import Protocol

from benchmarks.harness.bench import Reference, SeededBench
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import Header, Row
from benchmarks.harness.study import Setting, run_study
from benchmarks.methods import get_method
from surrogate import Benchmark

_PACKAGES = ("eahas-plugins", "numpy", "ConfigSpace")


class Loadable(Protocol):
    """A problem: hashable, picklable, with a name."""

    def __hash__(self) -> int:
        """Equal problems load equal benchmarks."""

    @property
    def name(self) -> str:
        """The task."""

    def load(self) -> Benchmark:
        """The benchmark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One (method, seed) pair to run."""

    problem: Loadable
    method: str
    seed: int
    budget_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A study that raised."""

    study: Study
    error: Exception


def make_header(
    problem: Loadable, bench: Benchmark, reference: Reference, budget_kwh: float
) -> Header:
    """The header of a comparison's rows.

    A problem that stands for several tasks says in its provenance's ``problem`` which one it is, so
    that their rows are never taken for one.
    """
    return Header(
        task=str(bench.provenance.get("problem", problem.name)),
        budget_kwh=budget_kwh,
        mean_training_kwh=reference.mean_training_kwh,
        reference_test_accuracy=reference.test_accuracy,
        reference=reference.how,
        provenance=dict(bench.provenance),
        versions={"python": python_version()} | {name: version(name) for name in _PACKAGES},
    )


def missing_studies(
    problem: Loadable, methods: Sequence[str], seeds: Sequence[int], file: RowFile
) -> list[Study]:
    """The studies that the file does not hold yet, seed by seed.

    Raises:
        ValueError: If a method is unknown, cannot be imported or was run with other packages.
    """
    for name in methods:
        file.refuse_other_host(name, get_method(name).host)
    finished = file.results.finished()
    budget = file.results.header.budget_kwh
    return [
        Study(problem=problem, method=method, seed=seed, budget_kwh=budget)
        for seed in seeds
        for method in methods
        if (method, seed) not in finished
    ]


def run(study: Study) -> list[Row]:
    """Run one study, in whichever process this is."""
    method = get_method(study.method)
    setting = Setting(
        bench=SeededBench(_load(study.problem), study.seed),
        budget_kwh=study.budget_kwh,
        seed=study.seed,
    )
    return run_study(
        method.run,
        setting,
        name=method.name,
        energy_aware=method.energy_aware,
        host=method.host,
    )


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
    waiting: dict[Future[list[Row]], Study] = {executor.submit(run, s): s for s in studies}
    for future in as_completed(waiting):
        yield waiting[future], _outcome(future.result)


def _outcome(call: Callable[[], list[Row]]) -> list[Row] | Exception:
    try:
        return call()
    except Exception as error:
        return error


@cache
def _load(problem: Loadable) -> Benchmark:
    """Loaded once per worker."""
    return problem.load()
