"""The data card of a measured task: its text, with numbers computed from the data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.dataset.card_numbers import estimated_numbers, measured_numbers, numbers
from benchmarks.dataset.card_text import CARD, ESTIMATED, MEASURED, wrapped
from eahas_plugins.files import write_atomically
from eahas_plugins.packages import DISTRIBUTION, version_of
from eahas_plugins.units import J_PER_KWH


def card(
    task: Annotated[
        str, typer.Option(help="A measured task: fashion-nano or fashion-nano-gpu.")
    ] = "fashion-nano",
    out: Annotated[
        Path | None, typer.Option(help="Where the card goes.", show_default="printed")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Also draw the data into this file.", show_default="no")
    ] = None,
) -> None:
    """Write the data card of TASK from the recorded runs alone."""
    from surrogate.loading import load_table

    rows = load_table(task).records
    text = compose(rows, task, figure=_link(figure, out, task))
    if out is None:
        typer.echo(text)
    else:
        write_atomically(out, text)
    if figure is not None:
        draw(rows, figure, task)


def _link(figure: Path | None, out: Path | None, task: str) -> str:
    """Where the card finds its figure."""
    if figure is None:
        return f"../../../docs/{task.replace('-', '_')}.png"
    return os.path.relpath(figure, Path() if out is None else out.parent)


def compose(rows: Sequence[Any], task: str, *, figure: str) -> str:
    """The text of the card."""
    known = numbers(rows)
    measured = known["kind"] == "measured"
    known |= measured_numbers(rows) if measured else estimated_numbers(rows)
    known["meter"] = (MEASURED if measured else ESTIMATED).format_map(known)
    known["figure"] = f"\n![Validation curves; energy against accuracy]({figure})\n"
    known["task"] = task
    known["version"] = version_of(DISTRIBUTION)
    return wrapped(CARD.format_map(known))


def draw(rows: Sequence[Any], path: Path, task: str) -> None:
    """All validation curves, and energy against accuracy, coloured by schedule."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.0), layout="constrained")
    for length, colour in zip((10, 20, 40), ("tab:orange", "tab:green", "tab:blue"), strict=True):
        chosen = [row for row in rows if len(row.val_accuracy) == length]
        for row in chosen:
            left.plot(np.arange(1, length + 1), row.val_accuracy, color=colour, alpha=0.2, lw=0.8)
        right.plot(
            [row.energy_kwh[-1] * J_PER_KWH for row in chosen],
            [row.val_accuracy[-1] for row in chosen],
            "o",
            color=colour,
            ms=3.5,
            alpha=0.7,
            label=f"{length} epochs ({len(chosen)} runs)",
        )
    left.set(xlabel="epoch", ylabel="validation accuracy (measured)")
    kind = rows[0].record.meter["kind"]
    right.set(xlabel=f"training energy, J ({kind})", xscale="log")
    right.legend()
    figure.suptitle(f"{task}: {len(rows)} trainings on Fashion-MNIST, 14x14")
    figure.savefig(path, dpi=150)
    plt.close(figure)
