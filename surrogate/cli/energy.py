"""Commands about energy: how it is measured here, and what a study spent it on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from eahas_plugins.terminal import INTERSPERSED, some_of, tell
from surrogate.cli.app import JSON, command


@some_of
def _countries() -> tuple[str, ...]:
    from eahas_plugins.energy import GRID_G_PER_KWH

    return tuple(GRID_G_PER_KWH)


@command("meter", context_settings={INTERSPERSED: False})
def meter(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND ...]", help="A program to run and measure, like `time`."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to watch without a program, s.")] = 1.0,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show how energy would be measured on this machine, or the energy of a program.

    `eahas meter` prints the meter, why it was chosen, the power of each device, and what is left
    out. `eahas meter -- python train.py` runs a program and says its energy on standard error.

    Raises:
        ValueError: If the seconds are out of range.
        Exit: With the exit code of the program.
    """
    # Only here: the benchmark does not need the plugins, whose meters these are.
    from eahas_plugins.energy import command as meters

    if command:
        code, lines = meters.run_program(command, as_json=as_json)
        try:
            for line in lines:
                tell(line)
        except OSError:  # a full disk is no failure of the program
            with Path(os.devnull).open("w") as nowhere:  # Python writes at its end what is left
                os.dup2(nowhere.fileno(), sys.stderr.fileno())
        raise typer.Exit(code)
    for line in meters.survey_lines(seconds=seconds, as_json=as_json):
        typer.echo(line)


@command("report")
def report(
    storage: Annotated[
        str,
        typer.Argument(
            help="Optuna's URL (sqlite:///study.db, postgresql://...), journal or database file; "
            "or the folder of a run of SMAC or HpBandSter."
        ),
    ],
    study: Annotated[
        str | None,
        typer.Option(help="Name of the study or run.", show_default="the only one"),
    ] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    country: Annotated[
        str | None,
        typer.Option(
            help="Emissions by the yearly mean of a country's grid: its ISO 3166-1 alpha-3 code, "
            "such as FRA.",
            show_default="no emissions",
            autocompletion=_countries,
        ),
    ] = None,
    g_per_kwh: Annotated[
        float | None,
        typer.Option(
            help="Emissions by your grid's intensity, g CO2e per kWh, in place of --country's.",
            show_default="none",
        ),
    ] = None,
    fidelity_param: Annotated[
        str | None,
        typer.Option(
            help="Optuna: the parameter that is the length of a training.",
            show_default="found where trials show it",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the numbers as JSON, write no page.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print a line per trial as CSV, write no page.")
    ] = False,
) -> None:
    """Report what a study's energy was spent on: a page, and a paragraph for a paper.

    Nothing is written into the storage, and nothing in it is executed.

    Raises:
        ValueError: If there is no such study or run, or the options do not fit together.
    """
    # Only here: the benchmark does not need the plugins, whose runs these are.
    from eahas_plugins.report import Report, read_run

    if as_json and as_csv:
        raise ValueError("either --json or --csv must be given, and not both.")
    run = read_run(storage, study=study, fidelity_param=fidelity_param)
    made = Report.of(run, g_per_kwh=g_per_kwh, country=country)
    if not (as_json or as_csv):
        made.save(out)
    if as_json:
        typer.echo(made.to_json())
    elif as_csv:
        typer.echo(made.csv, nl=False)
    else:
        typer.echo(f"{made.statement}\n\n{out}")
