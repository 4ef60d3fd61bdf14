"""The figures with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from optuna.study import Study

from eahas_plugins.optuna.visualization import _data
from eahas_plugins.optuna.visualization._style import (
    COLORS,
    CUMULATIVE_COLOR,
    SAVED_COLOR,
    as_studies,
    front_title,
    state_label,
)


def _axes(title: str, x: str, y: str) -> Axes:
    axes: Axes
    _, axes = plt.subplots(layout="constrained")
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    axes.ticklabel_format(style="sci", scilimits=(-3, 5), useMathText=True)
    return axes


def plot_energy_history(study: Study) -> Axes:
    """Energy of each trial, by state, and of all trials up to it, with the budget.

    Trials stand in the order in which they ended.

    Args:
        study: A study whose trials have ``energy_kwh``.

    Returns:
        Axes; the energy of the study has its own on the right.
    """
    history = _data.energy_history(study)
    axes = _axes(
        "Energy History", "Trials in the Order in which they Ended", "Energy per Trial (kWh)"
    )
    places = range(len(history.numbers))
    for state in _data.SHOWN_STATES:
        chosen = [i for i in places if history.states[i] is state]
        if chosen:
            axes.bar(
                [i + 1 for i in chosen],
                history.kwh[chosen],
                width=0.8,
                color=COLORS[state],
                label=state_label(state),
            )
    total = axes.twinx()
    total.set_ylabel("Energy of the Study (kWh)")
    total.ticklabel_format(style="sci", scilimits=(-3, 5), useMathText=True)
    total.plot(
        [i + 1 for i in places], history.cumulative_kwh, color=CUMULATIVE_COLOR, label="Study"
    )
    if history.cap_kwh is not None:
        total.axhline(history.cap_kwh, color=CUMULATIVE_COLOR, linestyle="--", label="Budget")
    for side in (axes, total):
        side.set_ylim(bottom=0.0)
    handles = [*axes.get_legend_handles_labels()[0], *total.get_legend_handles_labels()[0]]
    total.legend(handles=handles, loc="upper left")
    return axes


def plot_value_over_energy(
    study: Study | Sequence[Study],
    *,
    target: _data.Target | None = None,
    target_name: str = "Objective Value",
) -> Axes:
    """Objective values over the energy that all trials had spent when each trial ended.

    Args:
        study: One study, or several to compare.
        target: What to show of a trial; its only value by default. With a target there is no
            line of best values, as nobody knows which are better.
        target_name: Name of the target on the axis.

    Returns:
        Axes.

    Raises:
        ValueError: If there is no target and a study has several objectives.
    """
    studies = as_studies(study)
    curves = [_data.value_curve(one, target) for one in studies]
    axes = _axes("Value over Energy", "Energy of the Study (kWh)", target_name)
    for position, curve in enumerate(curves):
        color = f"C{position}"
        prefix = f"{curve.name}: " if len(curves) > 1 else ""
        axes.scatter(
            curve.kwh, curve.values, s=14, alpha=0.6, color=color, label=prefix + target_name
        )
        if curve.best is not None:
            axes.step(
                curve.kwh,
                curve.best,
                where="post",
                color=color,
                label=f"{prefix}Best Value",
            )
    axes.set_xlim(left=0.0)
    if curves:
        axes.legend(loc="best")
    return axes


def plot_energy_pareto_front(
    study: Study,
    *,
    target: _data.Target | None = None,
    target_name: str = "Objective Value",
    reference_point: tuple[float, float] | None = None,
) -> Axes:
    """Value against energy of complete trials, the undominated ones, and their hypervolume.

    Args:
        study: A study; its first direction says which values are better.
        target: What to show of a trial; its (first) value by default.
        target_name: Name of the target on the axis.
        reference_point: Value and energy in kWh up to which the hypervolume counts; by default
            the worst of all trials.

    Returns:
        Axes.
    """
    front = _data.energy_front(study, target, reference_point)
    axes = _axes(front_title(front), "Energy (kWh)", target_name)
    dominated = sorted(set(range(len(front.numbers))) - set(front.on_front))
    axes.scatter(
        front.kwh[dominated], front.values[dominated], s=14, color="#8ab4d8", label="Trial"
    )
    axes.step(
        front.kwh[front.on_front],
        front.values[front.on_front],
        where="post",
        marker="o",
        color="#c0392b",
        label="Front",
    )
    axes.legend(loc="best")
    return axes


def plot_energy_by_state(study: Study) -> Axes:
    """Energy of complete, pruned, failed and running trials, and what pruning has saved.

    What was saved is what pruned trials had reserved (``energy_reserved_kwh``) and did not spend;
    without reservations it is not known and not shown.

    Args:
        study: A study whose trials have ``energy_kwh``.

    Returns:
        Axes.
    """
    rows = _data.energy_by_state(study)
    axes = _axes("Energy by Trial State", "State (Trials)", "Energy (kWh)")
    for place, row in enumerate(rows):
        axes.bar(place, row.kwh, color=COLORS[row.state])
        if row.saved_kwh is not None:
            axes.bar(
                place,
                row.saved_kwh,
                bottom=row.kwh,
                color=SAVED_COLOR,
                hatch="//",
                label="Saved by Pruning",
            )
            axes.legend(loc="best")
    axes.set_xticks(range(len(rows)), [f"{state_label(r.state)} ({r.n_trials})" for r in rows])
    return axes
