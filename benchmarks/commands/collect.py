"""Train random networks for real and record every epoch of every one."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import islice
from multiprocessing.queues import Queue
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.collection.machine import machine, now, versions
from benchmarks.collection.planned_runs import PlannedRun, planned_run
from benchmarks.collection.record_file import RecordFile, check_runs
from benchmarks.commands.options import DATA_OPTION
from eahas_plugins.terminal import fail, tell, warn
from surrogate.records import SCHEMA, Record
from surrogate.space.regnet import complexity
from surrogate.space.tasks import get_task

if TYPE_CHECKING:
    from benchmarks.collection.training.data import Splits
    from benchmarks.collection.training.gpu import Gpu

METERS = {"cpu": "estimate", "cuda": "nvml"}
"""What gives the energy of a device's trainings."""
WINDOWS = 4
"""Epochs of a run on a GPU that are measured, unless asked for otherwise."""
MUCH_APART = 0.1
"""Epochs of a run that differ by more are warned about: those between them take their mean."""
TASKS_TRAINED = {"cpu": "fashion-nano", "cuda": "fashion-nano-gpu"}


def collect(
    out: Annotated[Path, typer.Option(help="Folder of the records; an earlier run goes on there.")],
    task: Annotated[
        str | None,
        typer.Option(
            help="fashion-nano (cpu) or fashion-nano-gpu (cuda).", show_default="by --device"
        ),
    ] = None,
    runs: Annotated[int, typer.Option(help="Train runs 0 .. RUNS-1.")] = 200,
    jobs: Annotated[int, typer.Option(help="Trainings at once, each on a core of its own.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    meter: Annotated[
        str | None,
        typer.Option(
            help="Where energy comes from: estimate (cpu) or nvml (cuda).",
            show_default="by --device",
        ),
    ] = None,
    data: Annotated[Path | None, DATA_OPTION] = None,
    windows: Annotated[
        int | None,
        typer.Option(
            help="With cuda: so many epochs are measured, 0 for each.", show_default=str(WINDOWS)
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Begin no run after so many minutes.", show_default="until all are done"),
    ] = None,
) -> None:
    """Train networks of TASK and append one JSON line per run to OUT/TASK.jsonl.

    Run i is the same configuration and seed on every machine. What is already in the file is not
    trained again, so a killed collection goes on where it stopped.

    With '--device cuda --meter nvml' the energy is measured by the counter of the GPU, which must
    have nothing else to do: one training at a time, epochs repeated until the counter resolves
    them. All epochs of a training cost the same, so some of them are measured, from the first to
    the last, and the record says which and how far apart they were. Where an epoch takes 0.15 s a
    run takes some 11 s, 6 of them for the windows, and 300 runs take an hour.

    Raises:
        ValueError: If the options do not fit together or the machine, images are missing, or the
            file is damaged, held by another collection, of another task or another board.
    """
    task = _checked(task, device=device, meter=meter, jobs=jobs)
    n_windows = _n_windows(windows, device)
    if not runs >= 1:
        raise ValueError(f"runs must be at least 1 but got {runs}.")
    if minutes is not None and not 0.0 < minutes < 1e6:
        raise ValueError(f"minutes must be positive and finite but got {minutes}.")
    end_s = None if minutes is None else time.monotonic() + 60.0 * minutes
    from benchmarks.collection.training.data import load_splits

    splits = load_splits(data)  # fails here, with its message, rather than in every worker
    with ExitStack() as stack:
        gpu = None
        if device == "cuda":
            from benchmarks.collection.training.gpu import only_user_of_gpu

            gpu = stack.enter_context(only_user_of_gpu())
            gpu.check_counter()
        file = stack.enter_context(RecordFile(out / f"{task}.jsonl"))
        if file.dropped_bytes:
            tell(f"dropped a half-written last line ({file.dropped_bytes} bytes)")
        check_runs(file, task, None if gpu is None else machine() | gpu.describe())
        done = {record["run"] for record in file.records}
        left = [run for run in range(runs) if run not in done]
        todo = _until(end_s, left)
        bar = stack.enter_context(_progress())
        line = bar.add_task(task, total=runs, completed=runs - len(left))
        if gpu is None:
            records = _train_all(task, todo, jobs=jobs, data=data)
        else:
            records = (_train_on_gpu(gpu, task, run, splits, n_windows) for run in todo)
        for record in records:
            file.append(record)
            bar.advance(line)
    tell(f"{len(file.records)} runs in {file.path}")


def _checked(task: str | None, *, device: str, meter: str | None, jobs: int) -> str:
    """The task; all options fit together."""
    if task is not None:
        get_task(task)
    if device not in METERS:
        raise ValueError(f"device must be cpu or cuda but got {device!r}.")
    if meter is not None and meter not in METERS.values():
        raise ValueError(f"meter must be estimate or nvml but got {meter!r}.")
    if meter not in (None, METERS[device]):
        raise ValueError(
            f"with --device {device} the meter must be {METERS[device]} but got {meter}: nvml "
            "counts a GPU, and the estimate is that of a processor's core."
        )
    if task not in (None, TASKS_TRAINED[device]):
        raise ValueError(
            f"with --device {device} the task must be {TASKS_TRAINED[device]} but got {task}."
        )
    if device == "cuda" and jobs != 1:
        raise ValueError(
            f"jobs must be 1 with --device cuda but got {jobs}: the counter counts the whole GPU "
            "and cannot tell trainings apart."
        )
    n_cores = len(os.sched_getaffinity(0))
    if not 1 <= jobs <= n_cores:
        raise ValueError(f"jobs must be between 1 and the {n_cores} cores but got {jobs}.")
    return TASKS_TRAINED[device]


def _n_windows(windows: int | None, device: str) -> int | None:
    """How many epochs are measured; None for each."""
    if windows is None:
        return WINDOWS
    if device != "cuda":
        raise ValueError("--windows belongs to --device cuda: the estimate has each epoch.")
    if windows == 1 or windows < 0:
        raise ValueError(f"windows must be 0 or at least 2 but got {windows}.")
    return windows or None


def _until(end_s: float | None, runs: Iterable[int]) -> Iterator[int]:
    """Yield runs as long as there is time to begin one."""
    for run in runs:
        if end_s is not None and time.monotonic() >= end_s:
            tell("the minutes are over; run the command again to go on")
            return
        yield run


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))


def _train_all(
    task: str, todo: Iterable[int], *, jobs: int, data: Path | None
) -> Iterator[dict[str, Any]]:
    """Records as they get ready, trained by processes on a core each."""
    context = multiprocessing.get_context("spawn")
    cores: Queue[int] = context.Queue()
    for core in sorted(os.sched_getaffinity(0))[:jobs]:
        cores.put(core)
    pool = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_start_worker, initargs=(cores, os.getpid(), data)
    )
    with pool:
        queue = iter(todo)
        running: set[Future[dict[str, Any]]] = set()
        try:
            while True:
                # No more in flight than there are workers: that is all an interruption loses.
                for run in islice(queue, jobs - len(running)):
                    running.add(pool.submit(_train_run, task, run))
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BrokenProcessPool:
            raise fail("a training process was killed; run the command again to go on.") from None


_splits: Any = None


def _start_worker(cores: Queue[int], parent: int, data: Path | None) -> None:
    """One thread on one core, the images in memory, and an end when the parent is gone."""
    global _splits
    os.sched_setaffinity(0, {cores.get()})
    import torch

    from benchmarks.collection.training.data import load_splits

    torch.set_num_threads(1)
    _splits = load_splits(data)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(2.0)
    os._exit(1)


def _train_run(task: str, run: int) -> dict[str, Any]:
    from benchmarks.collection.training.train import train

    planned = planned_run(task, run)
    started = now()
    result = train(planned.config, seed=planned.seed, splits=_splits, trunk=get_task(task).trunk)
    return with_estimated_energy(run_record(task, planned, result, started=started))


def _train_on_gpu(
    gpu: Gpu, task: str, run: int, splits: Splits, n_windows: int | None
) -> dict[str, Any]:
    import torch

    planned = planned_run(task, run)
    started = now()
    result = gpu.train(
        planned.config,
        seed=planned.seed,
        splits=splits,
        trunk=get_task(task).trunk,
        n_windows=n_windows,
    )
    record = run_record(task, planned, result, started=started)
    if (spread := record["meter"]["window_spread"]) > MUCH_APART:
        warn(
            f"run {run}: the epochs that were measured differ by {spread:.0%}: see that nothing "
            "else slows the GPU or this machine, or measure each epoch (--windows 0)."
        )
    record["machine"] |= gpu.describe()
    record["versions"] |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return record


def run_record(
    task: str, planned: PlannedRun, result: dict[str, Any], *, started: str
) -> dict[str, Any]:
    """The line of a training: what was planned, what came of it, and where."""
    size = complexity(planned.config, get_task(task).trunk)
    record = {
        "schema": SCHEMA,
        "task": task,
        "run": planned.run,
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
        "versions": versions(),
        "started": started,
    }
    return {**record, "disturbed": Record.from_json(record).disturbed}
