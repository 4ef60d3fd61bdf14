"""Commands about the benchmark: tasks, spaces, samples, queries, official checkpoints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from eahas_plugins.terminal import print_json, print_table, some_of, warn
from surrogate.cli.app import JSON, command

_OBJECT = "a JSON object such as '{\"depth\": 8, ...}'"
_TASKS = "fashion-nano, cifar10, tinyimagenet, or fashion-nano-gpu where it was collected"


@some_of
def _task_names() -> tuple[str, ...]:
    from surrogate.loading import TASK_NAMES

    return TASK_NAMES


@some_of
def _datasets() -> tuple[str, ...]:
    return ("cifar10", "tinyimagenet")


_TASK = typer.Argument(help=f"One of {_TASKS}.", autocompletion=_task_names)


@command("tasks")
def tasks(as_json: Annotated[bool, JSON] = False) -> None:
    """List the tasks that are here, the trainings behind them, and where their numbers come from.

    A table holds these trainings; every other task is a model of them.
    """
    from surrogate.listings import task_rows

    rows = task_rows()
    if as_json:
        print_json(rows)
        return
    quantities = ("accuracy", "energy", "runtime")
    table = []
    for row in rows:
        told = {what: row["provenance"].get(what, "-").partition(" from ") for what in quantities}
        made_from = [f"{number:,} {what}" for what, number in row["counts"].items()]
        made_from += dict.fromkeys(source for _, _, source in told.values() if source)
        kinds = (kind for kind, _, _ in told.values())
        table.append((row["task"], *kinds, ", ".join(made_from)))
    print_table(("task", *quantities, "made from"), table)


@command("space")
def space(
    task: Annotated[str, _TASK],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """List the hyperparameters of a task and their values."""
    from surrogate.space import get_task

    values = get_task(task).values
    if as_json:
        print_json({name: list(of) for name, of in values.items()})
        return
    shown = {
        name: map(str, of) if len(of) <= 12 else (f"{of[0]}, {of[1]} .. {of[-1]}",)
        for name, of in values.items()
    }
    rows = ((name, f"{len(of):,}", ", ".join(shown[name])) for name, of in values.items())
    print_table(("hyperparameter", "values", "which"), rows)


@command("sample")
def sample(
    task: Annotated[str, _TASK],
    n: Annotated[int, typer.Option(min=1, help="How many configurations.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
) -> None:
    """Draw configurations from the priors of a task: a JSON object per line, for `query`."""
    from surrogate.space import check, get_space

    drawn = get_space(task, seed=seed)
    for _ in range(n):
        print_json(check(drawn.sample_configuration(), task))


@command("query")
def query(
    task: Annotated[
        str,
        typer.Argument(
            help=f"One of {_TASKS}; each with -table for the recorded trainings alone; or the "
            "folder of an imported one.",
            autocompletion=_task_names,
        ),
    ],
    config: Annotated[
        str,
        typer.Option(
            help=f"The configuration: {_OBJECT}, a file that holds one, or - for standard input."
        ),
    ],
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Draw a plausible run.", show_default="none: the mean of all"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with whole curves.")] = False,
) -> None:
    """Predict the training of a configuration; behind every number stands where it comes from."""
    import surrogate
    from surrogate.listings import QUERY_COLUMNS, run_json, run_rows

    values = _config(config)
    run = surrogate.load(task).query(values, seed=seed)
    if as_json:
        print_json(run_json(run))
    else:
        print_table(QUERY_COLUMNS, run_rows(run))


@command("import-official")
def import_official(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the checkpoints.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder for the result.")],
    dataset: Annotated[
        str, typer.Option(help="cifar10 or tinyimagenet.", autocompletion=_datasets)
    ],
) -> None:
    """Convert official checkpoints, without executing them, into a folder to query.

    DIR holds the folders 'ea_has_bench-v0.2', '...-trainE-...', '...-testE-...', '...-runtime-...'.
    """
    from surrogate import official

    bench = official.import_official(source, out, dataset=dataset)
    found = bench.provenance["members"]
    missing = [cost for cost in ("energy", "inference_energy", "runtime") if cost not in found]
    typer.echo(
        f"{out}: {dataset}, degree {bench.provenance['degree']}, "
        + ", ".join(f"{role} ({n} member{'s' * (n > 1)})" for role, n in found.items())
    )
    if missing:
        warn(f"not found, and so unknown in every query: {', '.join(missing)}")


def _config(given: str) -> dict[str, Any]:
    """The configuration that was given as text, as a file, or on standard input."""
    from eahas_plugins.files import json_object, read_json_object

    if given == "-":
        try:
            text = sys.stdin.read()
        except UnicodeDecodeError:
            raise ValueError("standard input must be JSON in UTF-8 but is not.") from None
        return json_object(text, "standard input")
    if not given.lstrip().startswith(("{", "[")) and Path(given).is_file():
        return read_json_object(given)
    if given.endswith(".json"):
        raise ValueError(f"--config: there is no file {given}.")
    try:
        return json_object(given, "--config")
    except ValueError as error:
        raise ValueError(
            f"--config must be {_OBJECT}, a file that holds one, or - for standard input. {error}"
        ) from None
