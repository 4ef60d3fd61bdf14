"""The card of costs that were learnt from measured steps; every number comes from the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.dataset.card_text import wrapped
from surrogate.space.tasks import get_task

CARD_NAME = "COSTS.md"
_COUNTED = {
    "params": "parameters",
    "flops": "multiply-adds",
    "activations": "activations",
}

_CARD = """\
# {task}: where energy and time come from

**{summary}.**

No network was trained to its end for them: the real networks and the real training step ran on
random images of {image_size_px}x{image_size_px} pixels, batch {batch}, {precision}, until the
meter ({kind}) resolved a step. `surrogate.load("{task}")` answers with these costs,
`surrogate.load("{task}", costs="simulated")` with those of the simulation.

## How
An epoch is as many steps as the training images make. A step is forward pass, loss with label
smoothing, backward pass, optimizer and moving average of the weights, with data that lie on the
device; each waits {loader_wait_s:g} s for its data, at the static power. Evaluation after an epoch
is not in it; inference energy is that of a pass over the validation images. All is of the whole
device, its static power included: {static_watts} W (quartiles). Not counted: host, power supply,
cooling. Measured from {first} to {last}. Configurations that did not fit into memory and are left
out: {n_left_out}.

- Meter: {meter}.
- Device: {machine}.
- Software: {software}.

## How good the models are
A linear model and a Gaussian process of what it misses. Each fifth of the {n_held:.0f}
configurations as predicted from the others (of logarithms; ranks by Spearman):

| quantity | R2 | rank correlation |
|---|---|---|
{quality}

The networks that were measured have {range}, as the benchmark counts them, on images of
{counted_px}x{counted_px} pixels. Of the networks that the space gives, {outside:.2g} % are beyond
that in one of the three; their costs are extrapolated along the linear model.

One step measured twice agrees to {spread:.2g} % (standard deviation), and seeded queries differ by
as much.

## Energy and time
Mean power of a training lies at {watts} W (quartiles). Over configurations the rank correlation of
energy and time is {energy_time_rank_correlation}. The further below 1 it is, the less does a search
that saves time save energy.
{figure}
## Known limits
- One board, one setting: other boards, batches and precisions order networks differently.
- Epochs are taken as equal; start-up, data loading and evaluation are not in them.
"""


def compose(
    task: str, about: Mapping[str, Any], *, spread: float, figure: str | None = None
) -> str:
    """The text of the card.

    Args:
        task: The task.
        about: What the fit says of itself.
        spread: Standard deviation of the log of a step's energy.
        figure: Where the card finds what `draw` has drawn.
    """
    held = about["held_out"]
    quality = "\n".join(
        f"| {name.replace('_', ' ')} | {held[f'{name}_r2']} | {held[f'{name}_rank_correlation']} |"
        for name in ("energy", "time", "power", "inference_energy")
    )
    words = {
        **about,
        "task": task,
        "first": about["first"][:10],
        "last": about["last"][:10],
        "n_held": held["n_configs"],
        "quality": quality,
        "figure": ""
        if figure is None
        else f"\n![Mean power over the time of an epoch]({figure})\n",
        "spread": 100.0 * spread,
        "meter": _listed(about["meter"]),
        "machine": _listed(about["machine"][0]),
        "software": "; ".join(_listed(versions) for versions in about["versions"]),
        "range": ", ".join(
            f"{least / 1e6:.3g} to {most / 1e6:.3g} million {_COUNTED[name]}"
            for name, (least, most) in about["measured_range"].items()
        ),
        "outside": 100.0 * about["share_outside"],
        "counted_px": get_task(task).trunk.image_size_px,
        "watts": _quartiles(about["watts"]),
        "static_watts": _quartiles(about["static_watts"]),
    }
    return wrapped(_CARD.format_map(words))


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items())


def _quartiles(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.3g}" for value in values)


def draw(per_epoch: Sequence[Sequence[float]], task: str, path: Path) -> None:
    """Mean power over time of an epoch: on one line, saving time saves as much energy.

    Args:
        per_epoch: Seconds and joules of each configuration's epoch.
        task: The task.
        path: Where the figure goes.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    figure, axes = plt.subplots(figsize=(5.0, 4.0), layout="constrained")
    axes.plot([s for s, _ in per_epoch], [j / s for s, j in per_epoch], "o", ms=3.5, alpha=0.7)
    axes.set(xlabel="time of an epoch, s", ylabel="mean power, W", xscale="log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_title(f"{task}: {len(per_epoch)} configurations")
    figure.savefig(path, dpi=150)
    plt.close(figure)
