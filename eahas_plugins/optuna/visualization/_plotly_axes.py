"""Parts of the figures with plotly: trials beyond the value axis, and the axis of mean trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from eahas_plugins.optuna.visualization._data import Floats
from eahas_plugins.optuna.visualization._limits import Limits
from eahas_plugins.optuna.visualization._style import TRIALS_LABEL
from eahas_plugins.units import EnergyUnit


def add_trials(
    figure: go.Figure,
    energy: Floats,
    values: Floats,
    numbers: Sequence[int],
    *,
    limits: Limits | None,
    unit: EnergyUnit,
    color: str,
    name: str,
) -> None:
    """Add trials as dots; those beyond the value axis are arrows at its edge.

    Args:
        figure: The figure.
        energy: Where they stand, in the unit.
        values: Their values.
        numbers: Their numbers.
        limits: The ends of the value axis, if some are beyond.
        unit: Unit of energies.
        color: Their colour.
        name: What the legend calls them.
    """
    beyond = np.zeros(len(values), dtype=bool) if limits is None else limits.is_beyond(values)
    for chosen in (~beyond, beyond):
        places = np.flatnonzero(chosen).tolist()
        if chosen is beyond and not places:
            continue
        shown, marker = values[chosen], {"color": color, "opacity": 0.6}
        if chosen is beyond and limits is not None:
            shown = limits.within(shown)
            marker |= {"symbol": _arrow(limits), "size": 9}
        figure.add_scatter(
            x=energy[chosen],
            y=shown,
            mode="markers",
            marker=marker,
            name=name,
            legendgroup=name,
            showlegend=chosen is not beyond,
            customdata=[(numbers[i], float(values[i])) for i in places],
            hovertemplate="trial %{customdata[0]}: %{customdata[1]:.4g} with "
            f"%{{x:.4g}} {unit.name}",
        )


def _arrow(limits: Limits) -> str:
    return "triangle-down" if limits.maximize else "triangle-up"


def show_limits(figure: go.Figure, limits: Limits | None) -> None:
    """The ends of the value axis, and an entry of the legend that counts what is beyond."""
    if limits is None:
        return
    figure.update_yaxes(range=[limits.low, limits.high])
    marker = {"symbol": _arrow(limits), "size": 9, "color": "#777777"}
    figure.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=limits.label)


def add_trials_axis(
    figure: go.Figure, *, end_kwh: float, mean_kwh: float, unit: EnergyUnit
) -> None:
    """The energy once more, in mean complete trials; a trace without points brings it up."""
    end = 1.04 * end_kwh
    figure.update_xaxes(range=[0.0, end * unit.per_kwh])
    figure.add_scatter(
        x=[0.0], y=[None], xaxis="x2", showlegend=False, hoverinfo="skip", name=TRIALS_LABEL
    )
    figure.update_layout(
        margin={"t": 110},
        xaxis2={
            "title": {"text": TRIALS_LABEL, "standoff": 4},
            "range": [0.0, end / mean_kwh],
            "overlaying": "x",
            "side": "top",
            "showgrid": False,
            "tickmode": "auto",
        },
    )
