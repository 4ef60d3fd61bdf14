"""Compute the energy of recorded trainings anew, from what was measured."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.collection.estimated_energy import with_estimated_energy
from benchmarks.collection.record_file import read_runs
from eahas_plugins.files import write_atomically


def derive_energy(
    records: Annotated[Path, typer.Argument(help="JSON lines of 'collect', .jsonl or .jsonl.gz.")],
    out: Annotated[Path, typer.Argument(help="New file of the same lines.")],
) -> None:
    """Write RECORDS to OUT with the energy estimated by the current model and coefficients.

    Measured energy stays. Every run is flagged 'disturbed' or not. RECORDS is not changed.

    Raises:
        ValueError: If RECORDS cannot be read, a run of it lacks what the energy is computed from,
            or OUT exists. Nothing is written then.
    """
    if not records.is_file():
        raise ValueError(f"records must be a file but {records} is none.")
    if out.exists():
        raise ValueError(f"{out} exists: move it away or choose another name.")
    derived = [_derived(record, records) for record in read_runs(records)]
    lines = [json.dumps(record, separators=(",", ":"), allow_nan=False) for record in derived]
    raw = "".join(f"{line}\n" for line in lines).encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, gzip.compress(raw, mtime=0) if out.suffix == ".gz" else raw)
    typer.echo(f"{len(derived)} runs in {out}")


def _derived(record: dict[str, Any], path: Path) -> dict[str, Any]:
    try:
        return with_estimated_energy(record)
    except ValueError as error:
        raise ValueError(f"{path}, run {record['run']}: {error}") from error
