"""The figures with plotly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from optuna.study import Study

from eahas_plugins.optuna.visualization import _data
from eahas_plugins.optuna.visualization._limits import curve_limits, front_limits
from eahas_plugins.optuna.visualization._plotly_axes import (
    add_trials,
    add_trials_axis,
    show_limits,
)
from eahas_plugins.optuna.visualization._style import (
    COLORS,
    CUMULATIVE_COLOR,
    DOMINATED_COLOR,
    FRONT_COLOR,
    INFEASIBLE_COLOR,
    SAVED_COLOR,
    SAVED_LABEL,
    as_studies,
    front_title,
    mean_trial,
    one_study,
    state_label,
    study_color,
    unit_of,
)
from eahas_plugins.optuna.visualization._values import Target

_LEGEND = {"orientation": "h", "yanchor": "top", "y": -0.2}  # takes no width and covers nothing


def plot_energy_history(study: Study | Sequence[Study]) -> go.Figure:
    """Energy of each trial, by state, and of all trials up to it, with the budget.

    Trials stand in the order in which they ended. Of several studies, dots are trials.

    Args:
        study: One study whose trials have ``energy_kwh``, or several to compare.

    Returns:
        A plotly figure.
    """
    histories = [_data.energy_history(one) for one in as_studies(study)]
    each = unit_of(*(h.kwh for h in histories))
    total = unit_of(*(part for h in histories for part in (h.cumulative_kwh, h.cap_kwh)))
    figure = go.Figure(
        layout=go.Layout(
            title="Energy History",
            xaxis={"title": "Trials in the Order in which they Ended"},
            yaxis={"title": f"Energy per Trial ({each.name})", "rangemode": "tozero"},
            yaxis2={
                "title": f"Energy of the Study ({total.name})",
                "overlaying": "y",
                "tickmode": "auto",
                "side": "right",
                "rangemode": "tozero",
                "showgrid": False,
            },
            legend=_LEGEND,
        )
    )
    for position, history in enumerate(histories):
        alone = len(histories) == 1
        color = CUMULATIVE_COLOR if alone else study_color(position)
        prefix = "" if alone else f"{history.name}: "
        places = range(len(history.numbers))
        for state in _data.SHOWN_STATES if alone else ():
            chosen = [i for i in places if history.states[i] is state]
            if chosen:
                figure.add_bar(
                    x=[i + 1 for i in chosen],
                    y=history.kwh[chosen] * each.per_kwh,
                    customdata=[history.numbers[i] for i in chosen],
                    hovertemplate=f"trial %{{customdata}}: %{{y:.4g}} {each.name}",
                    name=state_label(state),
                    marker_color=COLORS[state],
                )
        if not alone:
            figure.add_scatter(
                x=[i + 1 for i in places],
                y=history.kwh * each.per_kwh,
                customdata=history.numbers,
                hovertemplate=f"trial %{{customdata}}: %{{y:.4g}} {each.name}",
                mode="markers",
                marker={"color": color, "opacity": 0.6},
                name=f"{prefix}Trial",
            )
        figure.add_scatter(
            x=[i + 1 for i in places],
            y=history.cumulative_kwh * total.per_kwh,
            mode="lines",
            name=f"{prefix}Study",
            yaxis="y2",
            line={"color": color},
        )
        if history.cap_kwh is not None:
            figure.add_scatter(
                x=[1, max(1, len(places))],
                y=[history.cap_kwh * total.per_kwh] * 2,
                mode="lines",
                name=f"{prefix}Budget",
                yaxis="y2",
                line={"color": color, "dash": "dash"},
            )
    return figure


def plot_value_over_energy(
    study: Study | Sequence[Study],
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
) -> go.Figure:
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
        A plotly figure.

    Raises:
        ValueError: If there is no target and a study has several objectives.
    """
    curves = [_data.value_curve(one, target) for one in as_studies(study)]
    unit = unit_of(*(curve.kwh for curve in curves))
    figure = go.Figure(
        layout=go.Layout(
            title="Value over Energy",
            xaxis={"title": f"Energy of the Study ({unit.name})", "rangemode": "tozero"},
            yaxis={"title": target_name},
            legend=_LEGEND,
        )
    )
    limits = curve_limits(curves)
    for position, curve in enumerate(curves):
        color = study_color(position)
        prefix = f"{curve.name}: " if len(curves) > 1 else ""
        for name, chosen, shade in (
            (target_name, curve.feasible, color),
            ("Infeasible", ~curve.feasible, INFEASIBLE_COLOR),
        ):
            if name == "Infeasible" and not chosen.any():
                continue
            add_trials(
                figure,
                curve.kwh[chosen] * unit.per_kwh,
                curve.values[chosen],
                [curve.numbers[i] for i in np.flatnonzero(chosen)],
                limits=limits,
                unit=unit,
                color=shade,
                name=f"{prefix}{name}",
            )
        if curve.best is not None:
            known = np.isfinite(curve.best)
            figure.add_scatter(
                x=curve.kwh[known] * unit.per_kwh,
                y=curve.best[known] if limits is None else limits.within(curve.best[known]),
                mode="lines",
                line={"shape": "hv", "color": color},
                name=f"{prefix}Best Value",
            )
    show_limits(figure, limits)
    mean, end = mean_trial(*curves), max((c.kwh[-1] for c in curves if len(c.kwh)), default=0.0)
    if mean is not None and end > 0.0:
        add_trials_axis(figure, end_kwh=float(end), mean_kwh=mean, unit=unit)
    return figure


def plot_energy_pareto_front(
    study: Study,
    *,
    target: Target | None = None,
    target_name: str = "Objective Value",
    reference_point: tuple[float, float] | None = None,
) -> go.Figure:
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
        A plotly figure.
    """
    front = _data.energy_front(
        one_study(study, "plot_energy_pareto_front"), target, reference_point
    )
    unit = unit_of(front.kwh)
    figure = go.Figure(
        layout=go.Layout(
            title=front_title(front, unit).replace("\n", "<br>"),
            margin={"t": 110},
            xaxis={"title": f"Energy ({unit.name})"},
            yaxis={"title": target_name},
            legend=_LEGEND,
        )
    )
    infeasible, limits = np.flatnonzero(~front.feasible).tolist(), front_limits(front)
    for name, chosen, color in (
        ("Infeasible", infeasible, INFEASIBLE_COLOR),
        ("Trial", front.dominated, DOMINATED_COLOR),
    ):
        if name == "Infeasible" and not chosen:
            continue
        add_trials(
            figure,
            front.kwh[chosen] * unit.per_kwh,
            front.values[chosen],
            [front.numbers[i] for i in chosen],
            limits=limits,
            unit=unit,
            color=color,
            name=name,
        )
    figure.add_scatter(
        x=front.kwh[front.on_front] * unit.per_kwh,
        y=front.values[front.on_front],
        mode="lines+markers",
        line={"shape": "hv", "color": FRONT_COLOR},
        customdata=[front.numbers[i] for i in front.on_front],
        hovertemplate=f"trial %{{customdata}}: %{{y:.4g}} with %{{x:.4g}} {unit.name}",
        name="Front",
    )
    show_limits(figure, limits)
    return figure


def plot_energy_by_state(study: Study) -> go.Figure:
    """Energy of complete, pruned, failed and running trials, and what pruning has saved.

    What was saved is what pruned trials had reserved (``energy_reserved_kwh``) and did not spend;
    without reservations it is not known and not shown.

    Args:
        study: A study whose trials have ``energy_kwh``.

    Returns:
        A plotly figure.
    """
    rows = _data.energy_by_state(one_study(study, "plot_energy_by_state"))
    unit = unit_of([row.kwh + (row.saved_kwh or 0.0) for row in rows])
    labels = [f"{state_label(row.state)} ({row.n_trials})" for row in rows]
    figure = go.Figure(
        layout=go.Layout(
            title="Energy by Trial State",
            barmode="stack",
            xaxis={"title": "State (Trials)"},
            yaxis={"title": f"Energy ({unit.name})"},
            legend=_LEGEND,
        )
    )
    figure.add_bar(
        x=labels,
        y=[row.kwh * unit.per_kwh for row in rows],
        marker_color=[COLORS[row.state] for row in rows],
        name="Spent",
    )
    saved = [
        (label, row.saved_kwh)
        for label, row in zip(labels, rows, strict=True)
        if row.saved_kwh is not None
    ]
    if saved:
        figure.add_bar(
            x=[label for label, _ in saved],
            y=[kwh * unit.per_kwh for _, kwh in saved],
            marker={"color": SAVED_COLOR, "pattern": {"shape": "/"}},
            name=SAVED_LABEL,
        )
    return figure
