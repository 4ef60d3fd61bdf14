"""Build a task's folder from records: ``python -m benchmarks fit --task T --records F --out D``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fit(
    task: Annotated[str, typer.Option(help="fashion-nano, cifar10 or tinyimagenet.")],
    records: Annotated[list[Path], typer.Option(help="Record file; may be given several times.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    keep_records: Annotated[
        bool | None,
        typer.Option(help="Keep the records in the folder; by default unless they are simulated."),
    ] = None,
) -> None:
    """Fit the models of TASK to RECORDS and write everything that surrogate.load needs.

    Raises:
        ValueError: If there is no such task, or the records cannot be read or learnt from.
    """
    from surrogate.fitting.build import build
    from surrogate.record_files import read_records
    from surrogate.records import Record
    from surrogate.space.tasks import get_task

    get_task(task)
    found: list[Record] = []
    for path in records:
        if not path.is_file():
            raise ValueError(f"records must be a file but {path} is none.")
        read = read_records(path)
        for message in read.damaged:
            typer.echo(f"warning: {message}", err=True)
        found += read.records
    summary = build(found, task, out, keep_records=keep_records)
    typer.echo(summary)
