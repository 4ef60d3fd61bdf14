"""The paper's figures of a task: accuracy, both Pareto fronts, power, energy against runtime."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.dataset.points import S_PER_H, Floats, Points, box, front, pearson

# Okabe and Ito's colours, told apart by colour-blind readers.
_ENERGY, _RUNTIME, _CLOUD, _BOX = "#0072B2", "#D55E00", "#8C8C8C", "#009E73"
_STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
    "svg.hashsalt": "eahas",
}
_LABELS = {"train_accuracy": "training", "val_accuracy": "validation", "test_accuracy": "test"}


def draw(p: Points, folder: Path, *, note: str) -> list[str]:
    """Draw all figures that the points allow, as PNG and SVG.

    Args:
        p: The trainings.
        folder: Where to write.
        note: Provenance, printed below each figure.

    Returns:
        Names of the figures, without their suffix.
    """
    drawn = []
    with rc_context(_STYLE):
        with _figure(folder / "accuracy", note, (3.2 + 0.9 * len(p.accuracy), 3.6)) as figure:
            _accuracy(figure.subplots(), p)
        drawn.append("accuracy")
        if p.energy_wh is None or p.runtime_s is None or p.power_w is None:
            return drawn
        with _figure(folder / "fronts", note, (7.6, 5.6)) as figure:
            _fronts(figure, p, p.energy_wh, p.runtime_s)
        with _figure(folder / "power", note, (4.8, 3.5)) as figure:
            _power(figure.subplots(), p.power_w)
        with _figure(folder / "energy_runtime", note, (4.8, 4.2)) as figure:
            _energy_runtime(figure.subplots(), p.energy_wh, p.runtime_s)
    return [*drawn, "fronts", "power", "energy_runtime"]


@contextmanager
def _figure(path: Path, note: str, size: tuple[float, float]) -> Iterator[Figure]:
    """A figure that is saved at the end; the same points give the same files."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    yield figure
    lines = textwrap.wrap(note, width=int(size[0] * 19))
    figure.supxlabel("\n".join(lines), fontsize=6.5, color="#555555", x=0.01, ha="left")
    figure.savefig(path.with_suffix(".png"), dpi=200)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})


def _accuracy(axes: Axes, p: Points) -> None:
    axes.boxplot(
        list(p.accuracy.values()),
        widths=0.5,
        patch_artist=True,
        flierprops={"marker": ".", "markersize": 2, "alpha": 0.25, "markeredgecolor": _CLOUD},
        medianprops={"color": "black"},
        boxprops={"facecolor": _BOX, "alpha": 0.45},
    )
    top = min(104.0, 1.1 * max(values.max() for values in p.accuracy.values()))
    for place, values in enumerate(p.accuracy.values(), start=1):
        shown = box(values, p.chance)
        last = -0.01 * top
        for name in ("lower_whisker", "quartile_1", "median", "quartile_3", "upper_whisker"):
            height = max(shown[name], last + 0.042 * top)  # keep the numbers apart
            axes.annotate(
                f"{shown[name]:.1f}",
                (place + 0.26, shown[name]),
                (place + 0.38, height),
                fontsize=7,
                va="center",
                arrowprops={
                    "arrowstyle": "-",
                    "linewidth": 0.4,
                    "color": _CLOUD,
                    "shrinkA": 1.0,
                    "shrinkB": 0.0,
                },
            )
            last = height
    axes.axhline(p.chance, color=_CLOUD, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.annotate(
        "random guess",
        (0.0, p.chance),
        (3, 2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=7,
        color="#555555",
    )
    axes.set_xticks(range(1, len(p.accuracy) + 1), [_LABELS[name] for name in p.accuracy])
    axes.set_xlim(0.5, len(p.accuracy) + 0.75)
    axes.set_ylim(-0.01 * top, top)
    axes.set_ylabel("Accuracy at the end of training (%)")


def _fronts(figure: Figure, p: Points, energy: Floats, runtime: Floats) -> None:
    """Above a close-up of the fronts, below all trainings; energy left, time right."""
    by_energy, by_runtime = front(energy, p.judged), front(runtime, p.judged)
    only = sorted({*by_energy} ^ {*by_runtime})
    grid = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=(3, 2))
    on_fronts = p.judged[[*by_energy, *by_runtime]]
    best, middle = float(on_fronts.max()), float(np.median(on_fronts))
    height = max(min(best - float(on_fronts.min()), 3.0 * (best - middle)), 1.0)  # no lone worst
    grid[0, 0].set_ylim(best - 1.12 * height, best + 0.12 * height)
    handles: dict[str, Any] = {}
    for column, (cost, label) in enumerate(
        ((energy, "Training energy per epoch (Wh)"), (runtime, "Training time per epoch (s)"))
    ):
        for axes in grid[:, column]:
            _cloud(axes, cost, p.judged)
            _log_axis(axes, cost)
        close = grid[0, column]
        for places, colour, name in (
            (by_energy, _ENERGY, "accuracy against energy"),
            (by_runtime, _RUNTIME, "accuracy against time"),
        ):
            own = cost is (energy if colour == _ENERGY else runtime)
            _front(close, cost, p.judged, places, colour, own=own)
            if own:
                handles[f"front of {name}"] = close.lines[-1]
                _front(grid[1, column], cost, p.judged, places, colour, own=True, markers=False)
        handles["on one of the fronts only"] = close.scatter(
            cost[only],
            p.judged[only],
            s=70,
            facecolors="none",
            edgecolors="black",
            linewidths=0.7,
            zorder=5,
        )
        grid[1, column].set_xlabel(label)
        close.tick_params(labelbottom=False)
    name = "Test" if "test_accuracy" in p.accuracy else "Validation"
    figure.supylabel(f"{name} accuracy at the end of training (%)", fontsize=9)
    order = sorted(handles, key=lambda label: not label.startswith("front"))
    figure.legend([handles[n] for n in order], order, loc="outside upper center", ncols=3)


def _front(
    axes: Axes,
    cost: Floats,
    accuracy: Floats,
    places: Sequence[int],
    colour: str,
    *,
    own: bool,
    markers: bool = True,
) -> None:
    """A front as markers; in the panel of its own cost joined by steps."""
    order = sorted(places, key=lambda i: float(accuracy[i]))
    axes.plot(
        cost[order],
        accuracy[order],
        marker=("o" if colour == _ENERGY else "D") if markers else "none",
        markersize=4.5 if colour == _ENERGY else 3.5,
        linestyle="-" if own else "none",
        linewidth=1.2,
        drawstyle="steps-post",
        color=colour,
        zorder=4 if own else 3,
    )


def _power(axes: Axes, power: Floats) -> None:
    low, median, high = np.percentile(power, [1, 50, 99])
    axes.hist(power, bins=50, color=_ENERGY, alpha=0.6)
    axes.axvline(float(median), color="black", linewidth=1.0)
    for edge in (low, high):
        axes.axvline(float(edge), color="black", linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_title(
        f"median {median:.3g} W, 1st to 99th percentile {low:.3g} to {high:.3g} W", loc="left"
    )
    axes.set_xlim(left=0.0)
    axes.set_xlabel("Mean power while training (W)")
    axes.set_ylabel("Trainings")


def _energy_runtime(axes: Axes, energy: Floats, runtime: Floats) -> None:
    _cloud(axes, runtime, energy)
    _log_axis(axes, runtime)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    limits = axes.get_xlim(), axes.get_ylim()
    power = np.percentile(energy * S_PER_H / runtime, [1, 50, 99])
    reach = np.array(limits[0])
    for watts, place in zip(power, (0.6, 0.75, 0.93), strict=True):
        axes.plot(reach, watts * reach / S_PER_H, color=_ENERGY, linewidth=0.9, linestyle="--")
        x = min(limits[0][1], limits[1][1] * S_PER_H / watts) * place
        axes.annotate(
            f"{watts:.3g} W",
            (x, watts * x / S_PER_H),
            fontsize=7,
            color=_ENERGY,
            ha="center",
            va="center",
            bbox={"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "none"},
        )
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])
    r, of_logs = pearson(energy, runtime), pearson(np.log(energy), np.log(runtime))
    if r is not None and of_logs is not None:
        axes.set_title(f"correlation {r:.2f}, of the logarithms {of_logs:.2f}", loc="left")
    axes.set_xlabel("Training time per epoch (s)")
    axes.set_ylabel("Training energy per epoch (Wh)")


def _cloud(axes: Axes, x: Floats, y: Floats) -> None:
    """All trainings; the fewer there are, the larger and darker."""
    few = float(np.clip((5000.0 / len(x)) ** 0.4, 1.0, 3.0))
    axes.scatter(x, y, s=3.0 * few, color=_CLOUD, alpha=0.25 * few, linewidths=0, rasterized=True)


def _log_axis(axes: Axes, values: Floats) -> None:
    axes.set_xscale("log")
    narrow = values.max() < 12.0 * values.min()
    axes.xaxis.set_major_locator(
        LogLocator(subs=(1.0, 2.0, 3.0, 5.0) if narrow else (1.0, 2.0, 5.0))
    )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
