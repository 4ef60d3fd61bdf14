"""Train random networks for real and record every epoch of every one."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from itertools import islice
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.plan import plan
from benchmarks.record_file import RecordFile
from benchmarks.run_energy import with_estimated_energy
from surrogate.regnet import complexity
from surrogate.space import get_task

TRAINABLE = ("fashion-nano",)
SCHEMA_VERSION = 1


def collect(
    out: Annotated[Path, typer.Option(help="Folder of the records; an earlier run goes on there.")],
    task: Annotated[str, typer.Option(help="What to train.")] = "fashion-nano",
    runs: Annotated[int, typer.Option(help="Train runs 0 .. RUNS-1.")] = 200,
    jobs: Annotated[int, typer.Option(help="Trainings at once, each on a core of its own.")] = 1,
    data: Annotated[Path | None, typer.Option(help="Folder of the Fashion-MNIST files.")] = None,
) -> None:
    """Train networks of TASK and append one JSON line per run to OUT/TASK.jsonl.

    Run i is the same configuration and seed on every machine. What is already in the file is not
    trained again, so a killed collection goes on where it stopped.
    """
    get_task(task)
    if task not in TRAINABLE:
        raise ValueError(
            f"task must be one that is trained here, {TRAINABLE[0]}, but got {task!r}."
        )
    n_cores = len(os.sched_getaffinity(0))
    if not 1 <= jobs <= n_cores:
        raise ValueError(f"jobs must be between 1 and the {n_cores} cores but got {jobs}.")
    if not runs >= 1:
        raise ValueError(f"runs must be at least 1 but got {runs}.")
    from benchmarks.training.data import load_splits

    load_splits(data)  # fails here, with its message, rather than in every worker
    console = Console(stderr=True)
    with RecordFile(out / f"{task}.jsonl") as file:
        if file.dropped_bytes:
            console.print(f"dropped a half-written last line ({file.dropped_bytes} bytes)")
        done = {record["run"] for record in file.records}
        todo = [run for run in range(runs) if run not in done]
        _train_all(task, todo, n_done=runs - len(todo), jobs=jobs, data=data, file=file)
    console.print(f"{runs} runs in {file.path}")


def _train_all(
    task: str, todo: list[int], *, n_done: int, jobs: int, data: Path | None, file: RecordFile
) -> None:
    context = multiprocessing.get_context("spawn")
    cores: Queue[int] = context.Queue()
    for core in sorted(os.sched_getaffinity(0))[:jobs]:
        cores.put(core)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    pool = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start_worker, initargs=(cores, os.getpid(), data)
    )
    with bar, pool:
        line = bar.add_task(task, total=n_done + len(todo), completed=n_done)
        queue = iter(todo)
        running: set[Future[dict[str, Any]]] = set()
        while True:
            # No more in flight than there are workers: that is all an interruption loses.
            for run in islice(queue, jobs - len(running)):
                running.add(pool.submit(_train_run, task, run))
            if not running:
                return
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                try:
                    file.append(future.result())
                except BrokenProcessPool:
                    raise SystemExit(
                        "a training process was killed; run the command again to go on."
                    ) from None
                bar.advance(line)


_splits: Any = None
_check_parent: Callable[[], None] = lambda: None  # noqa: E731


def _start_worker(cores: Queue[int], parent: int, data: Path | None) -> None:
    """One thread on one core, the images in memory, and an end when the parent is gone."""
    global _splits
    os.sched_setaffinity(0, {cores.get()})
    import torch

    from benchmarks.training.data import load_splits

    torch.set_num_threads(1)
    _splits = load_splits(data)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(2.0)
    os._exit(1)


def _train_run(task: str, run: int) -> dict[str, Any]:
    from benchmarks.training.train import train

    planned = plan(task, run)
    trunk = get_task(task).trunk
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    result = train(planned.config, seed=planned.seed, splits=_splits, trunk=trunk)
    size = complexity(planned.config, trunk)
    record = {
        "schema": SCHEMA_VERSION,
        "task": task,
        "run": run,
        "config": planned.config,
        "config_run": planned.config_run,
        "seed": planned.seed,
        "status": "finished",
        **result,
        "complexity": {
            "params": size.params,
            "flops": size.flops,
            "activations": size.activations,
        },
        "machine": machine(),
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("torch", "numpy", "ConfigSpace", "eahas-plugins")},
        },
        "started": started,
    }
    return with_estimated_energy(record)


def machine() -> dict[str, Any]:
    """What tells one machine's times from another's."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.processor(),
        "n_cores": os.cpu_count(),
        "system": platform.system(),
    }
