"""The command ``eahas``: tasks, their spaces and queries, official checkpoints, metered energy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from surrogate.records import Run

app = typer.Typer(
    name="eahas",
    help="Query the EA-HAS-Bench surrogate: learning curves, energy and runtime of configurations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_CURVES = ("train_accuracy", "val_accuracy", "test_accuracy", "energy_kwh", "runtime_s")
_OBJECT = "a JSON object such as '{\"depth\": 8, ...}', or a file that holds one"


def main() -> None:
    """Run the command."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"eahas-plugins {version('eahas-plugins')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    pass


@app.command()
def tasks(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the tasks, the trainings behind them, and where the numbers of those come from.

    A table holds these trainings; every other task is a model of them.
    """
    from surrogate.cost_files import default_provenance
    from surrogate.folder import DATA, PROVENANCE
    from surrogate.loading import TABLE_SUFFIX, TASK_NAMES

    rows = []
    for name in TASK_NAMES:
        folder = DATA / name.removesuffix(TABLE_SUFFIX)
        with _usage_errors():
            provenance = default_provenance(folder) if (folder / PROVENANCE).is_file() else {}
        rows.append(
            {
                "task": name,
                "kind": provenance.get("kind", "not installed"),
                "provenance": {
                    what: provenance[what].partition(":")[0]
                    for what in ("accuracy", "energy", "runtime")
                    if isinstance(provenance.get(what), str)
                },
                "counts": {
                    key.removeprefix("n_"): number
                    for key, number in provenance.items()
                    if key.startswith("n_") and isinstance(number, int)
                },
            }
        )
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        counts = ", ".join(f"{number} {what}" for what, number in row["counts"].items())
        kinds = ", ".join(f"{what} {kind}" for what, kind in row["provenance"].items())
        typer.echo(f"{row['task']:22} {kinds or row['kind']:55} {counts}".rstrip())


@app.command()
def space(
    task: Annotated[str, typer.Argument(help="Name of a task.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with all values.")] = False,
) -> None:
    """List the hyperparameters of a task and their values."""
    from surrogate.space import get_task

    with _usage_errors():
        values = get_task(task).values
    if as_json:
        typer.echo(json.dumps({name: list(of) for name, of in values.items()}))
        return
    for name, of in values.items():
        shown = map(str, of) if len(of) <= 12 else (f"{of[0]}, {of[1]} .. {of[-1]}",)
        typer.echo(f"{name:14} {len(of):5} values   {', '.join(shown)}")


@app.command()
def sample(
    task: Annotated[str, typer.Argument(help="Name of a task.")],
    n: Annotated[int, typer.Option(min=1, help="How many configurations.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
) -> None:
    """Draw configurations from the priors of a task: a JSON object per line, for `query`."""
    from surrogate.space import check, get_space

    with _usage_errors():
        drawn = get_space(task, seed=seed)
        for _ in range(n):
            typer.echo(json.dumps(check(drawn.sample_configuration(), task)))


@app.command()
def query(
    task: Annotated[str, typer.Argument(help="Name of a task, or folder of an imported one.")],
    config: Annotated[str, typer.Option(help=f"The configuration: {_OBJECT}.")],
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draw a plausible run; without, the mean.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with whole curves.")] = False,
) -> None:
    """Predict the training of a configuration; behind every number stands where it comes from."""
    import surrogate

    with _usage_errors():
        values = _config(config)
        bench = surrogate.load(task)
        run = bench.query(values, seed=seed)
    if as_json:
        typer.echo(json.dumps(_as_json(run)))
    else:
        typer.echo("\n".join(_summary(run)))


@app.command("import-official")
def import_official(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the checkpoints.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder for the result.")],
    dataset: Annotated[str, typer.Option(help="cifar10 or tinyimagenet.")],
) -> None:
    """Convert official checkpoints, without executing them, into a folder to query.

    DIR holds the folders 'ea_has_bench-v0.2', '...-trainE-...', '...-testE-...', '...-runtime-...'.
    """
    from surrogate import official

    with _usage_errors():
        bench = official.import_official(source, out, dataset=dataset)
    found = bench.provenance["members"]
    missing = [cost for cost in ("energy", "inference_energy", "runtime") if cost not in found]
    typer.echo(
        f"{out}: {dataset}, degree {bench.provenance['degree']}, "
        + ", ".join(f"{role} ({n} member{'s' * (n > 1)})" for role, n in found.items())
    )
    if missing:
        typer.echo(f"not found, and so unknown in every query: {', '.join(missing)}", err=True)


@app.command(context_settings={"allow_interspersed_args": False})
def meter(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND ...]", help="A program to run and measure, like `time`."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to watch without a program, s.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how energy would be measured on this machine, or the energy of a program.

    `eahas meter` prints the meter, why it was chosen, the power of each device, and what is left
    out. `eahas meter -- python train.py` runs a program and says its energy on standard error.
    """
    # Only here: the benchmark does not need the plugins, whose meters these are.
    from eahas_plugins.energy import command as meters

    if command:
        code, lines = meters.run_program(command, as_json=as_json)
        for line in lines:
            typer.echo(line, err=True)
        raise typer.Exit(code)
    with _usage_errors():
        lines = meters.survey_lines(seconds=seconds, as_json=as_json)
    for line in lines:
        typer.echo(line)


@app.command()
def report(
    storage: Annotated[
        str,
        typer.Argument(
            help="Optuna's URL (sqlite:///study.db, postgresql://...), journal or database file; "
            "or the folder of a run of SMAC or HpBandSter."
        ),
    ],
    study: Annotated[
        str | None, typer.Option(help="Name of the study or run, if there are several.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    country: Annotated[
        str | None, typer.Option(help="ISO 3166-1 alpha-3 code of the grid, such as FRA.")
    ] = None,
    g_per_kwh: Annotated[
        float | None, typer.Option(help="Your grid's intensity, g CO2e per kWh; goes first.")
    ] = None,
    fidelity_param: Annotated[
        str | None, typer.Option(help="Optuna: the parameter that is the length of a training.")
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
    """
    # Only here: the benchmark does not need the plugins, whose runs these are.
    from eahas_plugins.report import Report, read_run

    with _usage_errors():
        if as_json and as_csv:
            raise ValueError("give either --json or --csv.")
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


@contextmanager
def _usage_errors() -> Iterator[None]:
    """What is the user's to mend: a message and exit code 2."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


def _config(given: str) -> dict[str, Any]:
    """The configuration that was given as text or as a file."""
    from eahas_plugins.files import json_object, read_json_object

    if not given.lstrip().startswith(("{", "[")) and Path(given).is_file():
        return read_json_object(given)
    try:
        return json_object(given, "--config")
    except ValueError as error:
        raise ValueError(f"--config must be {_OBJECT}. {error}") from None


def _as_json(run: Run) -> dict[str, Any]:
    curves = {name: getattr(run, name) for name in _CURVES}
    size = run.complexity
    return {
        **{name: None if curve is None else curve.tolist() for name, curve in curves.items()},
        "inference_energy_kwh": run.inference_energy_kwh,
        "params": None if size is None else size.params,
        "flops": None if size is None else size.flops,
        "activations": None if size is None else size.activations,
        "provenance": dict(run.provenance),
    }


def _summary(run: Run) -> Iterator[str]:
    """The last value of every curve, and the rest; what is unknown is not listed."""
    for name in _CURVES:
        curve = getattr(run, name)
        if curve is not None:
            yield _line(run, name, curve[-1], f"after {len(curve)} epochs")
    if run.inference_energy_kwh is not None:
        yield _line(run, "inference_energy_kwh", run.inference_energy_kwh, "per pass")
    if run.complexity is not None:
        for name in ("params", "flops", "activations"):
            yield f"{name:22} {getattr(run.complexity, name)}"


def _line(run: Run, name: str, value: float, of: str) -> str:
    return f"{name:22} {value:<12.6g} {of:17} {run.provenance.get(name, 'unknown source')}"
