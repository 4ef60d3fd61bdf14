"""The command ``eahas``: list tasks, query one, import official checkpoints, meter energy."""

from __future__ import annotations

import importlib
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


def main() -> None:
    """Run the command."""
    app()


@app.command()
def tasks(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the tasks, where their numbers come from and how many records are behind them."""
    from surrogate.folder import DATA, PROVENANCE, read_provenance
    from surrogate.loading import TABLE_SUFFIX, TASK_NAMES

    rows = []
    for name in TASK_NAMES:
        folder = DATA / name.removesuffix(TABLE_SUFFIX)
        with _usage_errors():
            provenance = read_provenance(folder) if (folder / PROVENANCE).is_file() else {}
        rows.append(
            {
                "task": name,
                "kind": provenance.get("kind", "not installed"),
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
        typer.echo(f"{row['task']:20} {row['kind']:14} {counts}".rstrip())


@app.command()
def query(
    task: Annotated[str, typer.Argument(help="Name of a task, or folder of an imported one.")],
    config: Annotated[str, typer.Option(help="The configuration, a JSON object.")],
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draw a plausible run; without, the mean.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with whole curves.")] = False,
) -> None:
    """Predict the training of a configuration."""
    import surrogate

    with _usage_errors():
        values = _json_object(config)
        bench = surrogate.load(task)
        run = bench.query(values) if seed is None else bench.query(values, seed=seed)
    if as_json:
        typer.echo(json.dumps(_as_json(run, bench.provenance)))
    else:
        typer.echo("\n".join(_summary(run, bench.provenance)))


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
    # By name: the benchmark does not import the plugins, whose meters these are.
    meters = importlib.import_module("eahas_plugins.energy.command")
    if command:
        code, lines = meters.run_program(command, as_json=as_json)
        for line in lines:
            typer.echo(line, err=True)
        raise typer.Exit(code)
    with _usage_errors():
        lines = meters.survey_lines(seconds=seconds, as_json=as_json)
    for line in lines:
        typer.echo(line)


@contextmanager
def _usage_errors() -> Iterator[None]:
    """What is the user's to mend: a message and exit code 2."""
    try:
        yield
    except (ValueError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"--config must be a JSON object such as '{{\"depth\": 8, ...}}': {error}"
        ) from None
    if not isinstance(values, dict):
        raise ValueError(f"--config must be a JSON object but got a {type(values).__name__}.")
    return values


def _as_json(run: Run, provenance: Any) -> dict[str, Any]:
    curves = {name: getattr(run, name) for name in _CURVES}
    size = run.complexity
    return {
        **{name: None if curve is None else curve.tolist() for name, curve in curves.items()},
        "inference_energy_kwh": run.inference_energy_kwh,
        "params": None if size is None else size.params,
        "flops": None if size is None else size.flops,
        "activations": None if size is None else size.activations,
        "provenance": provenance["kind"],
    }


def _summary(run: Run, provenance: Any) -> Iterator[str]:
    """The last value of every curve, and the rest; what is unknown is not listed."""
    for name in _CURVES:
        curve = getattr(run, name)
        if curve is not None:
            yield f"{name:22} {curve[-1]:.6g}   after {len(curve)} epochs"
    if run.inference_energy_kwh is not None:
        yield f"{'inference_energy_kwh':22} {run.inference_energy_kwh:.6g}"
    if run.complexity is not None:
        for name in ("params", "flops", "activations"):
            yield f"{name:22} {getattr(run.complexity, name)}"
    yield f"{'provenance':22} {provenance['kind']}"
