"""From records to the folder that ``surrogate.load`` reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from surrogate.fitting.dataset import Dataset, from_records, lacking
from surrogate.fitting.fit import Fitted, Settings, Shape
from surrogate.fitting.fit import fit as fit_model
from surrogate.fitting.selection import (
    SHAPES,
    alternative_to_trees,
    choose_model,
    choose_shape,
    curve_error,
    split,
)
from surrogate.folder import write_provenance, write_sums
from surrogate.loading import RECORDS
from surrogate.models.archive import MODEL, write_model
from surrogate.models.benchmark import CURVES, FORMAT, VERSION
from surrogate.record_files import write_records
from surrogate.records import DISTURBED, Record, meter_kinds
from surrogate.space.tasks import get_task

LEAST_CONFIGS = 3


def build(
    records: Iterable[Record],
    task: str,
    folder: Path,
    *,
    settings: Settings | None = None,
    shapes: Sequence[Shape] = SHAPES,
    keep_records: bool | None = None,
) -> str:
    """Choose and fit the models, and write the folder.

    Args:
        records: Trainings of the task; those that did not finish are left out, and of those on a
            GPU the disturbed ones, which the table still has.
        task: Name of the task.
        folder: Where to write; files of an earlier build are replaced.
        settings: How to fit.
        shapes: Forms of the Bezier curves to choose from.
        keep_records: Also write the records, which the table needs; by default unless they are
            simulated, and so can be made again.

    Returns:
        A line that says what was built.

    Raises:
        ValueError: If the records do not suit the task.
    """
    finished = sorted(
        (record for record in records if record.status == "finished"),
        key=lambda record: -1 if record.run is None else record.run,
    )
    # Waiting lengthens wall-clock time, and with it what the board draws; CPU time stays.
    undisturbed = [record for record in finished if not (record.on_gpu and record.disturbed)]
    if finished and not undisturbed:
        raise ValueError(
            f"records on a GPU must have undisturbed ones among them, but in all {len(finished)} "
            f"the wall-clock time is over {DISTURBED:g} times the CPU time: collect them with "
            "nothing else on the machine."
        )
    data = from_records(undisturbed, task)
    n_configs = len(np.unique(data.group))
    if n_configs < LEAST_CONFIGS:
        raise ValueError(
            f"records must be of at least {LEAST_CONFIGS} configurations, of which some are held "
            f"out, but are of {n_configs}."
        )
    said = describe(undisturbed, task, data)
    if not data.curve_names:
        raise ValueError(f"records must have one of {', '.join(CURVES)}, all of them the same.")
    settings = Settings() if settings is None else settings
    alternative_to_trees(data)  # what is not installed is better known before the long part
    shape, errors = choose_shape(data, settings, shapes)
    settings = choose_model(data, shape, settings)
    held_out = _held_out(data, settings, shape)
    fitted = fit_model(data, shape, settings)
    folder.mkdir(parents=True, exist_ok=True)
    write_model(
        folder / MODEL,
        forest=fitted.forest,
        linear=fitted.linear,
        curve_model=fitted.curve_model,
        x=shape.x,
        floor=fitted.floor,
        noise=fitted.noise,
    )
    provenance = {
        "format": FORMAT,
        "version": VERSION,
        **said,
        **({"n_left_out": n_left_out} if (n_left_out := len(finished) - len(undisturbed)) else {}),
        "curves": list(data.curve_names),
        "costs": list(data.cost_names),
        "degree": shape.degree,
        "curve_model": settings.curve_model,
        "held_out": held_out,
        "shape_errors": {name: round(error, 5) for name, error in errors.items()},
    }
    if keep_records or (keep_records is None and provenance["kind"] != "simulated"):
        write_records(folder / RECORDS, finished)
    write_provenance(folder, provenance)
    write_sums(folder)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    return (
        f"{folder}: {len(data)} trainings of {provenance['n_configs']} configurations, degree "
        f"{shape.degree}, held-out error of curves {held_out['curve_rmse']}, {size:.2f} MB"
        + "".join(_left_out(undisturbed))
    )


def _left_out(records: Sequence[Record]) -> Iterator[str]:
    """What the folder does not know because a few trainings did not record it, and which ones."""
    for name, places in lacking(records).items():
        runs = [str(place if (run := records[place].run) is None else run) for place in places]
        listed = ", ".join(runs[:5]) + ", ..." * (len(runs) > 5)
        yield (
            f"; without {name}, which {len(runs)} of the trainings have not (run {listed}): "
            "leave those out to learn it"
        )


def describe(records: Sequence[Record], task: str, data: Dataset) -> dict[str, Any]:
    """Where the numbers come from.

    Raises:
        ValueError: If some trainings are simulated and others are not.
    """
    meter = _common([record.meter for record in records if record.meter is not None])
    kind = meter_kinds(records) or "unknown"
    simulated = kind == "simulated"
    if not simulated and "simulated" in kind:
        raise ValueError(f"records must all be simulated or none of them, but are {kind}.")
    runtime = (
        "simulated"
        if simulated
        else "measured: CPU seconds of training"
        if not any(record.on_gpu or record.train_cpu_s is None for record in records)
        else "measured: wall-clock seconds of training"
    )
    return {
        "task": task,
        "kind": "simulated" if simulated else "measured",
        "data_set": get_task(task).data_set,
        "accuracy": "simulated" if simulated else "measured",
        "runtime": runtime + (", at the machine's usual speed" if data.slowness.any() else ""),
        "energy": kind,
        "meter": meter,
        "machine": _counted(record.machine for record in records),
        "versions": _counted(record.versions for record in records),
        "n_records": len(data),
        "n_configs": len(np.unique(data.group)),
    }


def _common(objects: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all objects agree on."""
    first = objects[0] if objects else {}
    return {
        name: value
        for name, value in first.items()
        if all(other.get(name) == value for other in objects)
    }


def _counted(objects: Iterable[Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    """Different objects, the most frequent first, with how many records have them."""
    counts = Counter(json.dumps(found, sort_keys=True) for found in objects if found is not None)
    return [{**json.loads(text), "n_records": n} for text, n in counts.most_common()]


def _held_out(data: Dataset, settings: Settings, shape: Shape) -> dict[str, float]:
    """Errors on a fifth of the configurations, of a model that did not see them."""
    learn, held = split(data, share=0.2, seed=settings.seed + 1)
    fitted: Fitted = fit_model(learn, shape, settings)
    outputs = fitted.outputs(held.X)
    n_points = outputs.shape[1] - len(held.cost_names)
    found = {"n_records": float(len(held))}
    if held.curve_names:
        found["curve_rmse"] = round(curve_error(outputs[:, :n_points], shape, held), 5)
    logs = outputs[:, n_points:]
    for column, name in enumerate(held.cost_names):
        error = np.sqrt(np.mean((logs[:, column] - held.costs[:, column]) ** 2))
        found[f"log_{name}_rmse"] = round(float(error), 5)
    return found
