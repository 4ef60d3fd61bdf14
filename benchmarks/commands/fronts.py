"""Report of a comparison on tasks with two objectives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.report import PACKAGES, expand, read
from eahas_plugins.files import write_atomically, write_json
from eahas_plugins.packages import require
from eahas_plugins.terminal import tell


def fronts(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders with rows of tasks with two objectives.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Where the report goes.", show_default="the first of FOLDERS"),
    ] = None,
) -> None:
    """Compare the fronts that methods find: their volume over the energy of the study.

    Reads what `compare --suite fronts` has recorded. Writes OUT/fronts.json, OUT/fronts.md,
    front_volumes and fronts_attained (PNG and SVG), from the rows alone.

    Raises:
        RowsError: If a folder holds no rows, or rows of one objective.
        ModuleNotFoundError: If matplotlib is not installed.
    """
    require(*PACKAGES)
    comparisons = list(read(expand(folders)).values())
    out = folders[0] if out is None else out
    out.mkdir(parents=True, exist_ok=True)
    # these bring matplotlib and scipy, which take a while to import
    from benchmarks.reporting.front_figures import (
        as_json,
        draw_attained,
        draw_volumes,
        front_tables,
    )
    from benchmarks.reporting.fronts import FrontSummary

    summaries = [FrontSummary.of(results) for results in comparisons]
    tables = front_tables(summaries)
    write_json(out / "fronts.json", as_json(summaries), indent=2)
    text = "\n".join(table.markdown() for table in tables)
    write_atomically(out / "fronts.md", text)
    draw_volumes(comparisons, summaries, out / "front_volumes")
    draw_attained(comparisons, out / "fronts_attained")
    for table in tables:
        typer.echo(f"{table.text()}\n")
    tell(f"figures and tables: {out}")
