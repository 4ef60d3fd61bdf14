"""Compute the energy of recorded trainings anew, from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.collection.record_file import RecordFile


def derive_energy(
    records: Annotated[Path, typer.Argument(help="JSON lines of 'collect'.")],
    out: Annotated[Path, typer.Argument(help="New file of the same lines.")],
) -> None:
    """Write RECORDS to OUT with the energy estimated by the current model and coefficients.

    Measured energy stays. Every run is flagged 'disturbed' or not.
    """
    if not records.is_file():
        raise ValueError(f"records must be a file but {records} is none.")
    if out.exists():
        raise ValueError(f"{out} exists: move it away or choose another name.")
    with RecordFile(records) as source, RecordFile(out) as target:
        for record in source.records:
            target.append(with_estimated_energy(record))
    typer.echo(f"{len(target.records)} runs in {out}")
