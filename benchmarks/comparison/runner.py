"""Many studies: which are missing, where they run, and how their rows reach the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context, parent_process
from platform import python_version
from threading import Thread
from typing import Protocol

from benchmarks.harness.bench import Bench, Reference, SeededBench
from benchmarks.harness.row_file import RowFile
from benchmarks.harness.rows import Header, Row
from benchmarks.harness.study import Setting, run_study
from benchmarks.methods import get_method

_PACKAGES = ("eahas-plugins", "numpy", "ConfigSpace")
_WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",  # SMAC's choices depend on the order of a set
}
"""Read when a worker starts or imports numpy."""


class Loadable(Protocol):
    """A problem: hashable, picklable, with a name."""

    def __hash__(self) -> int:
        """Equal problems load equal benchmarks."""

    @property
    def name(self) -> str:
        """The task."""

    def load(self) -> Bench:
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


def make_header(problem: Loadable, bench: Bench, reference: Reference, budget_kwh: float) -> Header:
    """The header of a comparison's rows."""
    return Header(
        task=problem.name,
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


@contextmanager
def local_processes(jobs: int) -> Iterator[Executor]:
    """Worker processes with one thread each, in which equal studies give equal rows.

    Studies that have not begun are given up when the block is left.
    """
    before = {name: os.environ.get(name) for name in _WORKER_ENVIRONMENT}
    os.environ.update(_WORKER_ENVIRONMENT)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _end_with_parent() -> None:
    """Let this worker die with the process that started it, which may be killed."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


@contextmanager
def dask_workers(scheduler: str, *, timeout_s: float = 10.0) -> Iterator[Executor]:
    """The workers of a running Dask scheduler; they need this project installed.

    Start them with ``PYTHONHASHSEED=0``: without it SMAC's studies differ from run to run.

    Args:
        scheduler: Its address.
        timeout_s: How long it may take to answer, s.

    Raises:
        ValueError: If Dask is not installed, or nothing answers at that address.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ValueError("engine dask needs Dask: pip install distributed.") from error
    try:
        client = Client(scheduler, timeout=timeout_s)
    except OSError as error:
        raise ValueError(
            f"scheduler must be the address of a running Dask scheduler but got {scheduler!r} "
            f"({error}): start one with `dask scheduler`."
        ) from error
    with client:
        yield client.get_executor(pure=False)


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
def _load(problem: Loadable) -> Bench:
    """Loaded once per worker."""
    return problem.load()
