"""Measure what a training step of the real networks of a simulated task costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from benchmarks.collection.machine import machine, now, versions
from benchmarks.collection.planned_runs import planned_steps
from benchmarks.collection.record_file import RecordFile
from benchmarks.commands.options import SIMULATED_TASKS
from eahas_plugins.energy.readings import MeterError
from eahas_plugins.terminal import tell, warn
from surrogate.simulation.tasks import get_difficulty
from surrogate.space.regnet import Trunk
from surrogate.space.tasks import get_task
from surrogate.step_records import MEASURED, STEP_SCHEMA, Precision, board, parse_step_record

if TYPE_CHECKING:
    from benchmarks.collection.training.metered import MeteredDevice
    from benchmarks.collection.training.step_costs import StepSetting

ROWS = "rows.jsonl"
IMAGE_SIZES_PX = {"cifar10": 32, "tinyimagenet": 64}
"""Of the images of the data sets."""


def measure_steps(
    task: Annotated[str, typer.Option(help=f"{SIMULATED_TASKS}.")],
    out: Annotated[Path, typer.Option(help=f"Folder of {ROWS}; an earlier run goes on there.")],
    device: Annotated[str, typer.Option(help="cuda or cpu.")] = "cuda",
    runs: Annotated[int, typer.Option(help="Measure configurations 0 .. RUNS-1.")] = 400,
    precision: Annotated[str, typer.Option(help="fp32, tf32 or bf16 (autocast).")] = "fp32",
    batch: Annotated[int, typer.Option(help="Images in a training step.")] = 1024,
    image_size: Annotated[
        int | None,
        typer.Option(help="Pixels.", show_default="32 for cifar10, 64 for tinyimagenet"),
    ] = None,
    loader_wait: Annotated[
        float, typer.Option(help="Seconds per step that the device waits for data (second figure).")
    ] = 0.0,
    window: Annotated[
        float | None,
        typer.Option(help="Seconds between two readings, at least.", show_default="0.6"),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Begin no configuration after so many minutes.", show_default="until all are done"
        ),
    ] = None,
) -> None:
    """Measure time and energy of the steps of random configurations of TASK, a JSON line for each.

    The real network and training step, on random images: what a step costs does not depend on what
    they show. Training step, evaluation and inference apart, each repeated until the energy counter
    resolves it: some 5 s per configuration (3 s with --window 0.3), and the time in which its
    kernels are chosen. The first N configurations are the same for any RUNS and precision. What is
    in the file is not measured again. Then:
    'python -m benchmarks fit --task TASK --costs OUT/rows.jsonl'.

    Raises:
        ValueError: If an option is out of range, the device cannot be metered or is in use, the
            file was measured otherwise, or, at the end, some configurations could not be measured.
    """
    get_difficulty(task)
    _check_options(device, runs, precision, batch, image_size, loader_wait, window, minutes)
    from benchmarks.collection.energy_window import WINDOW_S
    from benchmarks.collection.training.step_costs import StepSetting, first_line

    setting = StepSetting(
        precision=precision,  # type: ignore[arg-type]  # checked above
        batch=batch,
        loader_wait_s=loader_wait,
        window_s=WINDOW_S if window is None else window,
    )
    trunk = replace(get_task(task).trunk, image_size_px=image_size or IMAGE_SIZES_PX[task])
    end_s = None if minutes is None else time.monotonic() + 60.0 * minutes
    with _device(device) as metered, RecordFile(out / ROWS) as file:
        where, software = machine() | metered.describe(), _software()
        _check_rows(file, task, setting, trunk, where)
        tell(f"{board(where)}, {metered.how}")
        done = {record["run"] for record in file.records}
        left = [run for run in range(runs) if run not in done]
        failed: list[int] = []
        for place, run in enumerate(left):
            if end_s is not None and time.monotonic() >= end_s:
                tell(
                    f"{minutes:g} minutes are over: {place} configurations were begun and "
                    f"{len(left) - place} are left; run the command again to go on"
                )
                break
            try:
                row = _row(task, run, metered, trunk, setting, where=where, software=software)
            except MeterError:
                raise
            except RuntimeError as error:  # such as: no kernel for this network
                metered.synchronize()  # raises where the device is lost
                warn(f"run {run} cannot be measured: {first_line(error)}")
                failed.append(run)
                continue
            file.append(row)
            tell(_told(row))
        n_measured = sum(record["status"] == MEASURED for record in file.records)
    tell(f"{n_measured} measured configurations in {file.path}")
    if failed:
        raise ValueError(
            f"{len(failed)} configurations could not be measured and have no row (runs "
            f"{', '.join(map(str, failed[:10]))}): run the command again to try them once more."
        )


def _check_options(
    device: str,
    runs: int,
    precision: str,
    batch: int,
    image_size: int | None,
    loader_wait: float,
    window: float | None,
    minutes: float | None,
) -> None:
    if device not in ("cpu", "cuda"):
        raise ValueError(f"device must be cpu or cuda but got {device!r}.")
    if precision not in get_args(Precision):
        raise ValueError(
            f"precision must be one of {', '.join(get_args(Precision))} but got {precision!r}."
        )
    if device == "cpu" and precision == "tf32":
        raise ValueError("precision tf32 needs --device cuda: a processor computes it as fp32.")
    if runs < 1 or batch < 2:  # batch normalisation needs two
        raise ValueError(f"runs must be at least 1 and batch 2 but got {runs} and {batch}.")
    if image_size is not None and image_size < 8:
        raise ValueError(f"image_size must be at least 8 but got {image_size}.")
    if not 0.0 <= loader_wait < 3600.0:
        raise ValueError(f"loader_wait must be at least 0 and below 3600 but got {loader_wait}.")
    for name, value in (("window", window), ("minutes", minutes)):
        if value is not None and not 0.0 < value < 1e6:
            raise ValueError(f"{name} must be positive and finite but got {value}.")


@contextmanager
def _device(name: str) -> Iterator[MeteredDevice]:
    if name == "cuda":
        from benchmarks.collection.training.gpu import only_user_of_gpu

        with only_user_of_gpu() as gpu:
            yield gpu
    else:
        from benchmarks.collection.training.metered import processor

        try:
            yield processor()
        except MeterError as error:
            raise ValueError(f"{error}.") from error


def _check_rows(
    file: RecordFile, task: str, setting: StepSetting, trunk: Trunk, where: dict[str, Any]
) -> None:
    """What is in the file must have been measured in the same way, on the same kind of board."""
    wanted = {
        "task": task,
        "precision": setting.precision,
        "batch": setting.batch,
        "image_size_px": trunk.image_size_px,
        "loader_wait_s": setting.loader_wait_s,
        "board": board(where),
        "power_limit_watts": where.get("power_limit_watts"),
        "n_threads": where.get("n_threads"),
    }
    for record in file.records:
        row = parse_step_record(record, f"{file.path}, run {record['run']},")
        found = {**row.setting, "loader_wait_s": row.loader_wait_s}
        for name, value in wanted.items():
            if found[name] != value:
                raise ValueError(
                    f"{file.path} has rows with {name} {found[name]} but this is {value}: name "
                    "another folder with --out."
                )


def _software() -> dict[str, Any]:
    import torch

    return versions() | {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}


def _row(
    task: str,
    run: int,
    metered: MeteredDevice,
    trunk: Trunk,
    setting: StepSetting,
    *,
    where: dict[str, Any],
    software: dict[str, Any],
) -> dict[str, Any]:
    from benchmarks.collection.training.step_costs import measure_steps_of

    planned = planned_steps(task, run)
    started = now()
    measured = measure_steps_of(metered, planned.config, trunk, seed=planned.seed, setting=setting)
    row = {
        "schema": STEP_SCHEMA,
        "task": task,
        "run": run,
        "config": planned.config,
        "seed": planned.seed,
        "precision": setting.precision,
        "batch": setting.batch,
        "image_size_px": trunk.image_size_px,
        "loader_wait_s": setting.loader_wait_s,
        **measured,
        "machine": where,
        "versions": software,
        "started": started,
    }
    parse_step_record(row, f"run {run}")
    return row


def _told(row: dict[str, Any]) -> str:
    if row["status"] != MEASURED:
        return f"run {row['run']}: {row['status']}: {row['note']}"
    step = row["training"]
    return (
        f"run {row['run']}: a step takes {step['seconds'] * 1e3:.4g} ms and {step['joules']:.4g} J "
        f"({step['watts']:.0f} W)"
    )
