"""Where studies run: processes on this machine, or workers of a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread

_WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",  # SMAC's choices depend on the order of a set
}
"""Read when a worker starts or imports numpy."""


@contextmanager
def workers(engine: str, scheduler: str | None, jobs: int) -> Iterator[Executor]:
    """Where studies run: in local processes, or on the workers of a Dask scheduler.

    Args:
        engine: ``"local"`` or ``"dask"``.
        scheduler: Address of the scheduler, for the latter.
        jobs: Local processes. At least 1.

    Raises:
        ValueError: If these do not fit together, or nothing answers at the address.
    """
    if not jobs >= 1:
        raise ValueError(f"jobs must be at least 1 but got {jobs}.")
    if engine not in ("local", "dask"):
        raise ValueError(f"engine must be local or dask but got {engine!r}.")
    if (engine == "dask") != (scheduler is not None):
        raise ValueError("--engine dask and --scheduler ADDRESS must be given together.")
    if scheduler is not None:
        with dask_workers(scheduler) as executor:
            yield executor
    else:
        with local_processes(jobs) as executor:
            yield executor


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
