"""Build a task's folder from records, or give a simulated task costs from measured steps."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.options import TASKS
from eahas_plugins.packages import require
from eahas_plugins.terminal import warn

GOOD_R2 = 0.9
"""Below it the models of the costs are warned about."""
MUCH_OUTSIDE = 0.1
"""Of the space: the costs of more networks than that must not be extrapolations without a word."""


def fit(
    task: Annotated[str, typer.Option(help=f"{TASKS}.")],
    records: Annotated[
        list[Path] | None,
        typer.Option(
            help="Record file; may be given several times.", show_default="none: give --costs"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write; needed with --records.", show_default="with --costs TASK's own"
        ),
    ] = None,
    keep_records: Annotated[
        bool | None,
        typer.Option(
            help="Keep the records in the folder.", show_default="unless they are simulated"
        ),
    ] = None,
    costs: Annotated[
        Path | None,
        typer.Option(
            help="Rows of 'measure-steps', in place of --records.",
            show_default="none: give --records",
        ),
    ] = None,
    loader_wait: Annotated[
        float | None,
        typer.Option(
            help="With --costs: seconds per step of waiting for data.",
            show_default="that of the rows",
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(help="With --costs: draw power over time for the card.", show_default="no"),
    ] = None,
) -> None:
    """Fit the models of TASK to RECORDS and write everything that surrogate.load needs.

    With --costs, energy, time and inference energy of a simulated task are replaced by models
    fitted to measured steps; what was simulated stays in the folder, as costs="simulated".

    Raises:
        ValueError: If there is no such task, the options do not fit together, or what is read
            cannot be learnt from.
    """
    from surrogate.space.tasks import get_task

    get_task(task)
    if (records is None) == (costs is None):
        raise ValueError("either --records or --costs must be given, and not both.")
    if costs is not None:
        if keep_records is not None:
            raise ValueError("--keep-records belongs to --records: rows of steps are not kept.")
        typer.echo(_fit_costs(task, costs, out, loader_wait=loader_wait, figure=figure))
        return
    if out is None or loader_wait is not None or figure is not None:
        raise ValueError("with --records give --out, and neither --loader-wait nor --figure.")
    typer.echo(_fit_records(task, records or [], out, keep_records=keep_records))


def _fit_records(task: str, files: list[Path], out: Path, *, keep_records: bool | None) -> str:
    from surrogate.fitting.build import build
    from surrogate.record_files import read_records
    from surrogate.records import Record

    found: list[Record] = []
    for path in files:
        if not path.is_file():
            raise ValueError(f"records must be a file but {path} is none.")
        read = read_records(path)
        for message in read.damaged:
            warn(message)
        found += read.records
    return build(found, task, out, keep_records=keep_records)


def _fit_costs(
    task: str, path: Path, out: Path | None, *, loader_wait: float | None, figure: Path | None
) -> str:
    from benchmarks.commands.measure_steps import IMAGE_SIZES_PX
    from benchmarks.dataset.cost_card import CARD_NAME, compose, draw
    from eahas_plugins.files import write_atomically
    from surrogate.fitting.costs import fit_costs
    from surrogate.folder import DATA, PROVENANCE, write_sums
    from surrogate.models.archive import read_model
    from surrogate.models.cost_archive import with_costs, write_costs
    from surrogate.space.tasks import get_task
    from surrogate.step_records import read_step_records

    if figure is not None:
        require("matplotlib")
    rows = read_step_records(path)
    fitted = fit_costs(rows, task, loader_wait_s=loader_wait)
    if out is None and fitted.about["kind"] != "measured":
        raise ValueError(
            f"the energy in {path} is estimated, so it must not become that of {task}: name "
            "another folder with --out."
        )
    size, sizes = rows[0].image_size_px, {IMAGE_SIZES_PX[task], get_task(task).trunk.image_size_px}
    if out is None and size not in sizes:
        raise ValueError(
            f"{path} was measured on images of {size} pixels, and those of {task} have "
            f"{' or '.join(map(str, sorted(sizes)))}, so its costs must not become theirs: name "
            "another folder with --out."
        )
    shipped = DATA / task
    folder = shipped if out is None else out
    if not (folder / PROVENANCE).is_file():
        shutil.copytree(shipped, folder, dirs_exist_ok=True)
    bench = read_model(folder)
    if bench.task != task or bench.provenance.get("kind") != "simulated":
        raise ValueError(f"{folder} must hold the simulated task {task} but holds {bench.task}.")
    if figure is not None:
        draw(fitted.epochs.tolist(), task, figure)
    link = None if figure is None else Path(os.path.relpath(figure, folder)).as_posix()
    write_costs(folder, fitted.model, spread=fitted.spread, about=fitted.about)
    card = compose(task, fitted.about, spread=fitted.spread, figure=link)
    write_atomically(folder / CARD_NAME, card)
    write_sums(folder)
    with_costs(bench, folder)
    held = fitted.about["held_out"]
    found = ", ".join(f"{name} {held[f'{name}_r2']}" for name in ("energy", "time", "power"))
    if min(held["energy_r2"], held["time_r2"]) < GOOD_R2:
        warn(
            "configurations that were held out are predicted badly: measure more of them, with "
            "nothing else on the device."
        )
    if fitted.about["share_outside"] > MUCH_OUTSIDE:
        warn(
            f"{fitted.about['share_outside']:.0%} of the space's networks are larger or smaller "
            "than all that were measured: measure more of them, if they do not fit into memory "
            "with a smaller --batch."
        )
    return f"{folder}: {fitted.about['summary']}; held-out R2: {found}"
