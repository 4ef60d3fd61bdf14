"""The figures with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from optuna.study import Study

from eahas_plugins.optuna.visualization import _data
from eahas_plugins.optuna.visualization._data import Floats
from eahas_plugins.optuna.visualization._limits import Limits, curve_limits, front_limits
from eahas_plugins.optuna.visualization._style import (
    COLORS,
    CUMULATIVE_COLOR,
    DOMINATED_COLOR,
    FRONT_COLOR,
    INFEASIBLE_COLOR,
    SAVED_COLOR,
    SAVED_LABEL,
    TRIALS_LABEL,
    as_studies,
    front_title,
    mean_trial,
    one_study,
    state_label,
    study_color,
    unit_of,
)
from eahas_plugins.optuna.visualization._values import Target

__all__ = [
    "plot_energy_by_state",
    "plot_energy_history",
    "plot_energy_pareto_front",
    "plot_value_over_energy",
]


def _axes(title: str, x: str, y: str) -> Axes:
    axes: Axes
    _, axes = plt.subplots(layout="constrained")
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    axes.ticklabel_format(style="sci", scilimits=(-3, 5), useMathText=True)
    return axes


def plot_energy_history(study: Study | Sequence[Study]) -> Axes:
    """Energy of each trial, by state, and of all trials up to it, with the budget.

    Trials stand in the order in which they ended. Of several studies, dots are trials.

    Args:
        study: One study whose trials have ``energy_kwh``, or several to compare.

    Returns:
        Axes; the energy of the study has its own on the right.
    """
    histories = [_data.energy_history(one) for one in as_studies(study)]
    each = unit_of(*(h.kwh for h in histories))
    whole = unit_of(*(part for h in histories for part in (h.cumulative_kwh, h.cap_kwh)))
    axes = _axes(
        "Energy History",
        "Trials in the Order in which they Ended",
        f"Energy per Trial ({each.name})",
    )
    total = axes.twinx()
    total.set_ylabel(f"Energy of the Study ({whole.name})")
    total.ticklabel_format(style="sci", scilimits=(-3, 5), useMathText=True)
    for position, history in enumerate(histories):
        alone = len(histories) == 1
        color = CUMULATIVE_COLOR if alone else study_color(position)
        prefix = "" if alone else f"{history.name}: "
        places = range(len(history.numbers))
        kwh = history.kwh * each.per_kwh
        for state in _data.SHOWN_STATES if alone else ():
            chosen = [i for i in places if history.states[i] is state]
            if chosen:
                axes.bar(
                    [i + 1 for i in chosen],
                    kwh[chosen],
                    width=0.8,
                    color=COLORS[state],
                    label=state_label(state),
                )
        numbers = [i + 1 for i in places]
        if not alone:
            axes.scatter(numbers, kwh, s=14, alpha=0.6, color=color, label=f"{prefix}Trial")
        total.plot(
            numbers,
            history.cumulative_kwh * whole.per_kwh,
            color=color,
            label=f"{prefix}Study",
        )
        if history.cap_kwh is not None:
            total.axhline(
                history.cap_kwh * whole.per_kwh,
                color=color,
                linestyle="--",
                label=f"{prefix}Budget",
            )
    for side in (axes, total):
        side.set_ylim(bottom=0.0)
    handles = [*axes.get_legend_handles_labels()[0], *total.get_legend_handles_labels()[0]]
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return axes


def plot_value_over_energy(
    study: Study | Sequence[Study],
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> Axes:
    """Objective values over the energy that all trials had spent when each trial ended.

    Trials that break a constraint are grey and never the best; values that are not finite are left
    out. The value axis shows where the good trials differ: trials far worse are at its edge, and
    the legend counts them. The second axis counts the energy in mean complete trials.

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
    curves = [_data.value_curve(one, target) for one in as_studies(study)]
    unit = unit_of(*(curve.kwh for curve in curves))
    axes = _axes("Value over Energy", f"Energy of the Study ({unit.name})", target_name)
    limits = curve_limits(curves)
    for position, curve in enumerate(curves):
        color = study_color(position)
        prefix = f"{curve.name}: " if len(curves) > 1 else ""
        energy = curve.kwh * unit.per_kwh
        for name, chosen, dots in (
            (target_name, curve.feasible, color),
            ("Infeasible", ~curve.feasible, INFEASIBLE_COLOR),
        ):
            if name == "Infeasible" and not chosen.any():
                continue
            _dots(axes, energy[chosen], curve.values[chosen], limits, dots, prefix + name)
        if curve.best is not None:
            known = np.isfinite(curve.best)
            axes.step(
                energy[known],
                curve.best[known] if limits is None else limits.within(curve.best[known]),
                where="post",
                color=color,
                label=f"{prefix}Best Value",
            )
    axes.set_xlim(left=0.0)
    _finish(axes, limits)
    if (mean := mean_trial(*curves)) is not None:
        per: Any = mean * unit.per_kwh
        above = axes.secondary_xaxis("top", functions=(lambda x: x / per, lambda x: x * per))
        above.set_xlabel(TRIALS_LABEL)
        power = axes.yaxis.get_offset_text()  # the x 10^6 of large losses, left of the axis above
        power.set(x=-0.03, horizontalalignment="right")
    return axes


def _dots(axes: Axes, x: Floats, y: Floats, limits: Limits | None, color: str, label: str) -> None:
    """Trials; those beyond the axis as arrows at its edge."""
    beyond = np.zeros(len(y), dtype=bool) if limits is None else limits.is_beyond(y)
    axes.scatter(x[~beyond], y[~beyond], s=14, alpha=0.6, color=color, label=label)
    if limits is not None and beyond.any():
        arrow = "v" if limits.maximize else "^"
        axes.scatter(
            x[beyond], limits.within(y[beyond]), s=24, marker=arrow, color=color, alpha=0.8
        )


def _finish(axes: Axes, limits: Limits | None) -> None:
    """The ends of the value axis, and a legend below, where it covers nothing."""
    handles = axes.get_legend_handles_labels()[0]
    if limits is not None:
        axes.set_ylim(limits.low, limits.high)
        arrow = "v" if limits.maximize else "^"
        handles.append(Line2D([], [], color="0.4", marker=arrow, ls="", label=limits.label))
    if handles:
        longest = max(len(str(handle.get_label())) for handle in handles)
        n_columns = max(1, min(len(handles), 66 // (longest + 3)))
        axes.figure.legend(handles=handles, loc="outside lower center", ncols=n_columns)


def plot_energy_pareto_front(
    study: Study,
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
    reference_point: tuple[float, float] | None = None,
) -> Axes:
    """Value against energy of complete trials, the undominated ones, and their hypervolume.

    Trials that break a constraint are grey and not on the front; values that are not finite are
    left out. Trials far worse than the good ones are at the edge of the value axis, and counted.

    Args:
        study: A study; its first direction says which values are better.
        target: What to show of a trial; its (first) value by default.
        target_name: Name of the target on the axis.
        reference_point: Value and energy in kWh up to which the hypervolume counts; by default
            the worst of all feasible trials.

    Returns:
        Axes.
    """
    front = _data.energy_front(
        one_study(study, "plot_energy_pareto_front"), target, reference_point
    )
    unit = unit_of(front.kwh)
    axes = _axes(front_title(front, unit), f"Energy ({unit.name})", target_name)
    energy, infeasible = front.kwh * unit.per_kwh, ~front.feasible
    limits = front_limits(front)
    if infeasible.any():
        _dots(
            *(axes, energy[infeasible], front.values[infeasible], limits),
            *(INFEASIBLE_COLOR, "Infeasible"),
        )
    dominated = front.dominated
    _dots(axes, energy[dominated], front.values[dominated], limits, DOMINATED_COLOR, "Trial")
    axes.step(
        energy[front.on_front],
        front.values[front.on_front],
        where="post",
        marker="o",
        color=FRONT_COLOR,
        label="Front",
    )
    _finish(axes, limits)
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
    rows = _data.energy_by_state(one_study(study, "plot_energy_by_state"))
    unit = unit_of([row.kwh + (row.saved_kwh or 0.0) for row in rows])
    axes = _axes("Energy by Trial State", "State (Trials)", f"Energy ({unit.name})")
    for place, row in enumerate(rows):
        axes.bar(place, row.kwh * unit.per_kwh, color=COLORS[row.state])
        if row.saved_kwh is not None:
            axes.bar(
                place,
                row.saved_kwh * unit.per_kwh,
                bottom=row.kwh * unit.per_kwh,
                color=SAVED_COLOR,
                hatch="//",
                label=SAVED_LABEL,
            )
    _finish(axes, None)
    axes.set_xticks(range(len(rows)), [f"{state_label(r.state)} ({r.n_trials})" for r in rows])
    return axes
