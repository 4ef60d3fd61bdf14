"""The command that shares a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eahas_plugins.terminal import warn
from surrogate.cli.app import command


@command("export-study")
def export_study(
    storage: Annotated[
        str,
        typer.Argument(
            help="Optuna's URL (sqlite:///study.db, postgresql://...), journal or database file; "
            "or the folder of a run of SMAC or HpBandSter."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write; gzipped if it ends in .gz.")],
    study: Annotated[
        str | None,
        typer.Option(help="Name of the study or run.", show_default="the only one"),
    ] = None,
) -> None:
    """Write a study to a file that others can begin theirs with: ea_bohb(earlier=[FILE]).

    It holds parameters, values and energies of complete trainings, as JSON lines.

    Raises:
        ValueError: If there is no such study or run, it has several objectives, or no training
            that says anything.
    """
    # Only here: the benchmark does not need the plugins, whose studies these are.
    from eahas_plugins.transfer import read_study, write_study

    found = read_study(storage, study=study)
    if not found.trials:
        raise ValueError(
            f"the study {found.name!r} must have a complete, feasible training with a finite value "
            "to be of use to others but has none: nothing was written."
        )
    write_study(found, out)
    if all(trial.energy_kwh is None for trial in found.trials):
        warn(f"no training of {found.name!r} has an energy: only their values can help others")
    typer.echo(f"{out}: {len(found.trials)} trainings of {found.name!r}")
