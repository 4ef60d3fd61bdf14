"""The figures of fronts with plotly."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from optuna.study import Study

from eahas_plugins.optuna.visualization._front_data import (
    FRACTIONS,
    SHARES,
    attainment,
    front_members,
    fronts_over_energy,
    maximized,
    names_of,
    staircase,
)
from eahas_plugins.optuna.visualization._front_style import DOTS_COLOR, of_studies, shade
from eahas_plugins.optuna.visualization._style import as_studies, one_study

_LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.0}  # takes no width


def plot_front_history(
    study: Study,
    *,
    objectives: tuple[int, int] = (0, 1),
    fractions: Sequence[float] = FRACTIONS,
) -> go.Figure:
    """The front of two objectives after parts of the energy that the study has spent.

    Dots are all complete trials that meet their constraints.

    Args:
        study: A study with several objectives.
        objectives: Which two, by their positions; of a study with three, the front of these two.
        fractions: Parts of the energy, each above 0 and at most 1.

    Returns:
        A plotly figure.

    Raises:
        ValueError: If the study has one objective, or an argument is out of range.
        TypeError: If it is no study.
    """
    found = fronts_over_energy(one_study(study, "plot_front_history"), objectives, fractions)
    figure = go.Figure(
        layout=go.Layout(
            title="Front over the Energy of the Study",
            xaxis={"title": found.names[0]},
            yaxis={"title": found.names[1]},
            legend=_LEGEND,
        )
    )
    figure.add_scatter(
        x=found.values[:, 0],
        y=found.values[:, 1],
        customdata=found.numbers,
        hovertemplate="trial %{customdata}: %{x:.4g}, %{y:.4g}",
        mode="markers",
        name="Trials",
        marker={"color": DOTS_COLOR, "size": 5},
    )
    for position, front in enumerate(found.fronts):
        x, y = staircase(front, found.maximize)
        color = shade(position, len(found.fronts))
        group = f"front {position}"
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": color}, legendgroup=group, showlegend=False
        )
        figure.add_scatter(
            x=front.values[:, 0],
            y=front.values[:, 1],
            customdata=front.numbers,
            hovertemplate="trial %{customdata}: %{x:.4g}, %{y:.4g}",
            mode="markers",
            marker={"color": color, "size": 8},
            legendgroup=group,
            name=front.label,
        )
    return figure


def plot_attainment(
    studies: Study | Sequence[Study],
    *,
    objectives: tuple[int, int] = (0, 1),
    shares: Sequence[float] = SHARES,
) -> go.Figure:
    """What parts of some studies have attained: of half of them, the median front.

    Args:
        studies: Studies with the same directions, such as one per seed.
        objectives: Which two objectives, by their positions.
        shares: Parts of the studies, each above 0 and at most 1.

    Returns:
        A plotly figure.

    Raises:
        ValueError: If there is none, they differ in their directions, or an argument is out of
            range.
    """
    several = as_studies(studies)
    curves = attainment(several, objectives, shares)
    names, maximize = names_of(several[0], objectives), maximized(several[0], objectives)
    figure = go.Figure(
        layout=go.Layout(
            title=f"Attained by Parts of {of_studies(len(several))}",
            xaxis={"title": names[0]},
            yaxis={"title": names[1]},
            legend=_LEGEND,
        )
    )
    for position, curve in enumerate(curves):
        x, y = staircase(curve, maximize)
        color = shade(position, len(curves))
        label = f"{100.0 * curve.share:.3g} % of the studies"
        figure.add_scatter(x=x, y=y, mode="lines", line={"color": color}, name=label)
    return figure


def plot_front_table(study: Study) -> go.Figure:
    """The members of the front: their values, energies and parameters.

    Args:
        study: A study with several objectives.

    Returns:
        A plotly figure.

    Raises:
        ValueError: If the study has one objective.
        TypeError: If it is no study.
    """
    members = front_members(one_study(study, "plot_front_table"))
    cells = [list(column) for column in zip(*members.rows, strict=True)] if members.rows else []
    table = go.Table(header={"values": members.columns}, cells={"values": cells})
    return go.Figure(data=[table], layout=go.Layout(title="Members of the Front"))
