"""Compute the energy of recorded trainings anew, from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.collection.record_file import RecordFile


def derive_energy(
    records: Annotated[Path, typer.Argument(help="JSON lines of 'collect'.")],
    out: Annotated[Path, typer.Argument(help="New file of the same lines.")],
) -> None:
    """Write RECORDS to OUT with the energy estimated by the current model and coefficients.

    Measured energy stays. Every run is flagged 'disturbed' or not.

    Raises:
        ValueError: If RECORDS cannot be read, a run of it lacks what the energy is computed from,
            or OUT exists. Nothing is written then.
    """
    if not records.is_file():
        raise ValueError(f"records must be a file but {records} is none.")
    if out.exists():
        raise ValueError(f"{out} exists: move it away or choose another name.")
    with RecordFile(records) as source:
        derived = [_derived(record, records) for record in source.records]
    with RecordFile(out) as target:
        for record in derived:
            target.append(record)
    typer.echo(f"{len(target.records)} runs in {out}")


def _derived(record: dict[str, Any], path: Path) -> dict[str, Any]:
    try:
        return with_estimated_energy(record)
    except ValueError as error:
        raise ValueError(f"{path}, run {record['run']}: {error}") from error
