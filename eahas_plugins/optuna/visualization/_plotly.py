"""The figures with plotly."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
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


def plot_energy_history(study: Study) -> go.Figure:
    """Energy of each trial, by state, and of all trials up to it, with the budget.

    Trials stand in the order in which they ended.

    Args:
        study: A study whose trials have ``energy_kwh``.

    Returns:
        A plotly figure.
    """
    history = _data.energy_history(study)
    figure = go.Figure(
        layout=go.Layout(
            title="Energy History",
            xaxis={"title": "Trials in the Order in which they Ended"},
            yaxis={"title": "Energy per Trial (kWh)", "rangemode": "tozero"},
            yaxis2={
                "title": "Energy of the Study (kWh)",
                "overlaying": "y",
                "side": "right",
                "rangemode": "tozero",
                "showgrid": False,
            },
            legend={"orientation": "h", "yanchor": "bottom", "y": 1.0},
        )
    )
    places = range(len(history.numbers))
    for state in _data.SHOWN_STATES:
        chosen = [i for i in places if history.states[i] is state]
        if chosen:
            figure.add_bar(
                x=[i + 1 for i in chosen],
                y=history.kwh[chosen],
                customdata=[history.numbers[i] for i in chosen],
                hovertemplate="trial %{customdata}: %{y:.4g} kWh",
                name=state_label(state),
                marker_color=COLORS[state],
            )
    figure.add_scatter(
        x=[i + 1 for i in places],
        y=history.cumulative_kwh,
        mode="lines",
        name="Study",
        yaxis="y2",
        line={"color": CUMULATIVE_COLOR},
    )
    if history.cap_kwh is not None:
        figure.add_scatter(
            x=[1, max(1, len(places))],
            y=[history.cap_kwh] * 2,
            mode="lines",
            name="Budget",
            yaxis="y2",
            line={"color": CUMULATIVE_COLOR, "dash": "dash"},
        )
    return figure


def plot_value_over_energy(
    study: Study | Sequence[Study],
    *,
    target: _data.Target | None = None,
    target_name: str = "Objective Value",
) -> go.Figure:
    """Objective values over the energy that all trials had spent when each trial ended.

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
    studies = as_studies(study)
    figure = go.Figure(
        layout=go.Layout(
            title="Value over Energy",
            xaxis={"title": "Energy of the Study (kWh)", "rangemode": "tozero"},
            yaxis={"title": target_name},
        )
    )
    for one in studies:
        curve = _data.value_curve(one, target)
        prefix = f"{curve.name}: " if len(studies) > 1 else ""
        figure.add_scatter(
            x=curve.kwh,
            y=curve.values,
            customdata=curve.numbers,
            hovertemplate="trial %{customdata}: %{y:.4g} at %{x:.4g} kWh",
            mode="markers",
            name=f"{prefix}{target_name}",
        )
        if curve.best is not None:
            figure.add_scatter(
                x=curve.kwh,
                y=curve.best,
                mode="lines",
                line={"shape": "hv"},
                name=f"{prefix}Best Value",
            )
    return figure


def plot_energy_pareto_front(
    study: Study,
    *,
    target: _data.Target | None = None,
    target_name: str = "Objective Value",
    reference_point: tuple[float, float] | None = None,
) -> go.Figure:
    """Value against energy of complete trials, the undominated ones, and their hypervolume.

    Args:
        study: A study; its first direction says which values are better.
        target: What to show of a trial; its (first) value by default.
        target_name: Name of the target on the axis.
        reference_point: Value and energy in kWh up to which the hypervolume counts; by default
            the worst of all trials.

    Returns:
        A plotly figure.
    """
    front = _data.energy_front(study, target, reference_point)
    dominated = sorted(set(range(len(front.numbers))) - set(front.on_front))
    figure = go.Figure(
        layout=go.Layout(
            title=front_title(front),
            xaxis={"title": "Energy (kWh)"},
            yaxis={"title": target_name},
        )
    )
    for name, chosen, how in (
        ("Trial", dominated, {"mode": "markers", "marker": {"color": "#8ab4d8"}}),
        (
            "Front",
            front.on_front,
            {"mode": "lines+markers", "line": {"shape": "hv", "color": "#c0392b"}},
        ),
    ):
        figure.add_scatter(
            x=front.kwh[chosen],
            y=front.values[chosen],
            customdata=[front.numbers[i] for i in chosen],
            hovertemplate="trial %{customdata}: %{y:.4g} for %{x:.4g} kWh",
            name=name,
            **how,
        )
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
    rows = _data.energy_by_state(study)
    labels = [f"{state_label(row.state)} ({row.n_trials})" for row in rows]
    figure = go.Figure(
        layout=go.Layout(
            title="Energy by Trial State",
            barmode="stack",
            xaxis={"title": "State (Trials)"},
            yaxis={"title": "Energy (kWh)"},
        )
    )
    figure.add_bar(
        x=labels,
        y=[row.kwh for row in rows],
        marker_color=[COLORS[row.state] for row in rows],
        name="Spent",
    )
    saved = [(label, row.saved_kwh) for label, row in zip(labels, rows, strict=True)]
    saved = [(label, kwh) for label, kwh in saved if kwh is not None]
    if saved:
        figure.add_bar(
            x=[label for label, _ in saved],
            y=[kwh for _, kwh in saved],
            marker={"color": SAVED_COLOR, "pattern": {"shape": "/"}},
            name="Saved by Pruning",
        )
    return figure
