"""What earlier studies bring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.comparison.suites import check_positive
from benchmarks.methods import get_method, method_names
from eahas_plugins.files import write_atomically, write_json
from eahas_plugins.packages import require
from eahas_plugins.terminal import tell

_LINES = (
    "ea-bohb",
    *(f"ea-bohb-earlier-{which}" for which in ("1", "3", "all")),
    *(f"ea-bohb-earlier-all-{damage}" for damage in ("permuted", "reversed", "unrelated")),
)
"""The names of the conditions, whose module takes a while to import."""


def transfer(
    out: Annotated[Path, typer.Option(help="Folder of the rows and the table; made if missing.")],
    source: Annotated[
        Path | None,
        typer.Option(
            help="Folder of YAHPO Gym's LCBench (model.onnx, encoding.json): its design tasks.",
            show_default="networks that are trained on scikit-learn's tables",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(help="New studies per task and line of the table.")] = 3,
    first_seed: Annotated[int, typer.Option(help="Number of the first one.")] = 1000,
    budget_trainings: Annotated[
        float, typer.Option(help="Energy per study, in mean full trainings.")
    ] = 30.0,
    plain: Annotated[
        str,
        typer.Option(
            help="Method whose median at a third of the energy is to be reached: "
            f"{', '.join(method_names())}."
        ),
    ] = "gp",
    conditions: Annotated[
        str | None,
        typer.Option(
            help=f"Lines of the table, separated by commas, of: {', '.join(_LINES)}.",
            show_default="all",
        ),
    ] = None,
    incumbents_only: Annotated[
        bool,
        typer.Option(
            "--incumbents-only",
            help="Record of new studies only the trials that were the best so far, and the last.",
        ),
    ] = False,
) -> None:
    """Search every task with studies of the others as earlier ones, and with studies that mislead.

    Leave-one-out: of every task there is one earlier study, by random search, TPE and EA-BOHB in
    turn; a new study on a task is given 1, 3 or all of the other tasks', as they are, with their
    values permuted or reversed, or with those of another objective. Studies that OUT holds already
    are not run again. Writes rows, OUT/transfer.json and OUT/transfer.md.

    Raises:
        ValueError: If an option is out of range or unknown, or OUT holds rows of other settings.
        ModuleNotFoundError: If a package is not installed.
    """
    check_positive("budget-trainings", budget_trainings)
    if not (seeds >= 1 and first_seed >= 0):
        raise ValueError(
            "seeds must be at least 1 and first-seed not negative but they are "
            f"{seeds} and {first_seed}."
        )
    require("optuna", "scipy", "onnxruntime" if source else "sklearn")
    label = get_method(plain).label
    # these bring Optuna and scipy, which take a while to import
    from benchmarks.transfer.conditions import conditions_named
    from benchmarks.transfer.families import classifiers, lcbench
    from benchmarks.transfer.run import run_family
    from benchmarks.transfer.table import as_json, lines_of, markdown

    asked = conditions_named(conditions)
    found = run_family(
        classifiers() if source is None else lcbench(source),
        out,
        seeds=range(first_seed, first_seed + seeds),
        budget_trainings=budget_trainings,
        conditions=asked,
        plain=plain,
        incumbents_only=incumbents_only,
    )
    lines = lines_of(found, asked)
    text = markdown(lines, plain=label)
    write_json(out / "transfer.json", as_json(lines), indent=2)
    write_atomically(out / "transfer.md", text)
    typer.echo(text)
    tell(f"table: {out / 'transfer.md'}")
