"""A task's statistics, as in the paper's figures: ``python -m benchmarks statistics --task T``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

import surrogate
from benchmarks.commands.options import TASKS
from benchmarks.dataset.points import Points, points, summary
from eahas_plugins.files import write_json
from surrogate.loading import TABLE_SUFFIX, TASK_NAMES
from surrogate.record_files import read_records
from surrogate.records import meter_kinds
from surrogate.space.constraint import sample
from surrogate.space.task import Limits
from surrogate.space.tasks import COLLECTED, get_task


def statistics(
    task: Annotated[str, typer.Option(help=f"{TASKS}, or the folder of an imported one.")],
    out: Annotated[Path, typer.Option(help="Folder for the figures and statistics.json.")],
    configs: Annotated[int, typer.Option(help="Trainings to draw where there is no table.")] = 5000,
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 0,
    noise: Annotated[
        bool, typer.Option(help="Add the spread of repeated trainings to predicted means.")
    ] = False,
    records: Annotated[
        Path | None,
        typer.Option(help="A record file, instead of the benchmark.", show_default="none"),
    ] = None,
) -> None:
    """Accuracy, energy, runtime and power of a task: figures (PNG, SVG) and statistics.json.

    Raises:
        ValueError: If a number is out of range, or there is nothing to show.
    """
    from benchmarks.dataset.figures import draw  # here, so that --help needs no matplotlib

    if configs < 1 or seed < 0:
        raise ValueError(f"configs must be positive and seed not negative: {configs}, {seed}.")
    found, provenance = (
        _of_benchmark(task, configs, seed, noise) if records is None else _of_records(task, records)
    )
    out.mkdir(parents=True, exist_ok=True)
    numbers = {"task": task, "provenance": provenance, **summary(found)}
    figures = draw(found, out, note=note(task, provenance, len(found)))
    numbers["figures"] = figures
    write_json(out / "statistics.json", numbers, indent=2)
    typer.echo(f"{out}: statistics.json, {', '.join(figures)} of {len(found)} trainings")


def _of_benchmark(task: str, n: int, seed: int, noise: bool) -> tuple[Points, dict[str, Any]]:
    """Every training of a table; else predictions for networks as the collection drew them."""
    table = f"{task}{TABLE_SUFFIX}"
    bench = surrogate.load(table if table in TASK_NAMES else task)
    name = str(bench.space.name)
    rows = getattr(bench, "records", None)
    if rows is not None:
        configs, runs = [row.config for row in rows], list(rows)
    elif name in COLLECTED:
        configs = sample(name, n, seed=seed, limits=Limits())
        runs = list(bench.query_many(configs, seed=seed if noise else None))
    else:
        space = bench.space
        space.seed(seed)
        configs = [dict(config) for config in space.sample_configuration(n)]
        runs = list(bench.query_many(configs, seed=seed if noise else None))
    shown = "recorded" if rows is not None else "predicted, noisy" if noise else "predicted means"
    found = points(configs, runs, n_classes=_n_classes(name))
    return found, {"shown": shown, **bench.provenance}


def _of_records(task: str, path: Path) -> tuple[Points, dict[str, Any]]:
    """The finished trainings of a record file."""
    kept = [record for record in read_records(path).records if record.status == "finished"]
    if not kept:
        raise ValueError(f"{path} must hold at least one finished training.")
    if strangers := {record.task for record in kept} - {task, None}:
        raise ValueError(
            f"{path} must hold trainings of {task} but got {sorted(map(str, strangers))}."
        )
    first = kept[0]
    provenance = {
        "shown": "recorded",
        "kind": meter_kinds(kept) or "measured",
        "task": task,
        "meter": first.meter,
        "machine": first.machine,
        "file": path.name,
    }
    found = points(
        [record.config for record in kept],
        [record.row() for record in kept],
        n_classes=_n_classes(task),
    )
    return found, provenance


def _n_classes(task: str) -> int:
    return get_task(task).trunk.n_classes


def note(task: str, provenance: Mapping[str, Any], n: int) -> str:
    """One line that says where the numbers of a figure come from."""
    kind = str(provenance.get("kind", "of unknown origin"))
    parts = [f"{task}, {n:,} trainings", kind]
    if "shown" in provenance:
        parts.append(str(provenance["shown"]))
    energy = provenance.get("energy", kind)
    if energy != kind:
        parts.append(f"energy {energy}")
    for key in ("meter", "machine"):
        value = provenance.get(key)
        if isinstance(value, list) and value:  # the most frequent first
            value = value[0]
        if isinstance(value, Mapping):
            named = map(value.get, ("name", "gpu", "cpu", "kind"))
            value = next(filter(None, named), None)
        if value:
            parts.append(f"{key}: {str(value)[:60]}")
    return " · ".join(parts)
