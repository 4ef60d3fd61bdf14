"""Write a file of simulated trainings: ``python -m benchmarks simulate --task cifar10 --out F``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.commands.options import SIMULATED_TASKS
from surrogate.record_fields import Curve
from surrogate.record_files import write_records
from surrogate.records import Record, Run
from surrogate.simulation.simulate import simulate as simulate_runs
from surrogate.space.constraint import sample
from surrogate.space.task import Limits
from surrogate.space.tasks import Config

METER = {"kind": "simulated", "name": "surrogate.simulate"}
MACHINE = {"kind": "simulated", "name": "NVIDIA V100 behind a data loader (simulated)"}
REPEATS = 3
_CHUNK = 500


def simulate(
    task: Annotated[str, typer.Option(help=f"{SIMULATED_TASKS}.")],
    out: Annotated[Path, typer.Option(help="Record file to write; .jsonl or .jsonl.gz.")],
    runs: Annotated[int, typer.Option(help="Configurations, two-stage networks only.")] = 12_000,
    repeated: Annotated[
        int, typer.Option(help=f"So many of them are trained with {REPEATS} seeds.")
    ] = 100,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
) -> None:
    """Simulate trainings of random two-stage networks and write them as records.

    Raises:
        ValueError: If there is no such task to simulate, or an option is out of range.
    """
    if runs < 1 or not 0 <= repeated <= runs:
        raise ValueError(
            f"runs must be positive and repeated in 0 to runs but got {runs} and {repeated}."
        )
    if out.suffix not in {".jsonl", ".gz"}:
        raise ValueError(f"out must end in .jsonl or .jsonl.gz but got {out}.")
    out.parent.mkdir(parents=True, exist_ok=True)
    write_records(out, records(task, runs, repeated=repeated, seed=seed))
    n_records = runs + repeated * (REPEATS - 1)
    typer.echo(f"{out}: {n_records} simulated trainings of {runs} configurations of {task}")


def records(task: str, n_configs: int, *, repeated: int, seed: int) -> Iterator[Record]:
    """Simulated records: first every configuration once, then the repeats of the first ones."""
    configs = sample(task, n_configs, seed=seed, limits=Limits())
    plan = list(range(n_configs)) + list(range(repeated)) * (REPEATS - 1)
    for start in range(0, len(plan), _CHUNK):
        numbers = range(start, min(start + _CHUNK, len(plan)))
        chosen = [configs[plan[number]] for number in numbers]
        seeds = [seed * 1_000_000 + number for number in numbers]
        results = simulate_runs(chosen, task, seed=seeds)
        for number, config, run_seed, run in zip(numbers, chosen, seeds, results, strict=True):
            record = record_of(run, config, task)
            yield replace(record, run=number, config_run=plan[number], seed=run_seed)


def record_of(run: Run, config: Config, task: str) -> Record:
    """A simulated run as a record, in a precision that keeps the file small."""
    return Record(
        config=config,
        task=task,
        train_accuracy=None if run.train_accuracy is None else np.round(run.train_accuracy, 5),
        val_accuracy=run.val_accuracy,
        test_accuracy=run.test_accuracy,
        train_wall_s=_per_epoch(run.runtime_s),
        energy_kwh=_per_epoch(run.energy_kwh),
        inference_energy_kwh=run.inference_energy_kwh,
        complexity=run.complexity,
        meter=METER,
        machine=MACHINE,
    )


def _per_epoch(cumulative: Curve | None) -> Curve | None:
    """Differences of a cumulative curve, to five significant digits."""
    if cumulative is None:
        return None
    steps = np.diff(cumulative, prepend=0.0)
    return np.array([float(f"{step:.5g}") for step in steps])
