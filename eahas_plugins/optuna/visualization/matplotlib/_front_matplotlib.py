"""The figures of fronts with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
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

__all__ = ["plot_attainment", "plot_front_history", "plot_front_table"]


def _axes(title: str, names: tuple[str, str]) -> Axes:
    axes: Axes
    _, axes = plt.subplots(layout="constrained")
    axes.set(title=title, xlabel=names[0], ylabel=names[1])
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    axes.ticklabel_format(style="sci", scilimits=(-3, 5), useMathText=True)
    return axes


def plot_front_history(
    study: Study,
    *,
    objectives: tuple[int, int] = (0, 1),
    fractions: Sequence[float] = FRACTIONS,
) -> Axes:
    """The front of two objectives after parts of the energy that the study has spent.

    Dots are all complete trials that meet their constraints.

    Args:
        study: A study with several objectives.
        objectives: Which two, by their positions; of a study with three, the front of these two.
        fractions: Parts of the energy, each above 0 and at most 1.

    Returns:
        Axes.

    Raises:
        ValueError: If the study has one objective, or an argument is out of range.
        TypeError: If it is no study.
    """
    found = fronts_over_energy(one_study(study, "plot_front_history"), objectives, fractions)
    axes = _axes("Front over the Energy of the Study", found.names)
    axes.scatter(found.values[:, 0], found.values[:, 1], color=DOTS_COLOR, s=12, label="Trials")
    for position, front in enumerate(found.fronts):
        x, y = staircase(front, found.maximize)
        color = shade(position, len(found.fronts))
        axes.plot(x, y, color=color, linewidth=1.4)
        axes.scatter(front.values[:, 0], front.values[:, 1], color=color, s=28, label=front.label)
    axes.legend(fontsize="small")
    return axes


def plot_attainment(
    studies: Study | Sequence[Study],
    *,
    objectives: tuple[int, int] = (0, 1),
    shares: Sequence[float] = SHARES,
) -> Axes:
    """What parts of some studies have attained: of half of them, the median front.

    Args:
        studies: Studies with the same directions, such as one per seed.
        objectives: Which two objectives, by their positions.
        shares: Parts of the studies, each above 0 and at most 1.

    Returns:
        Axes.

    Raises:
        ValueError: If there is none, they differ in their directions, or an argument is out of
            range.
    """
    several = as_studies(studies)
    curves = attainment(several, objectives, shares)
    names, maximize = names_of(several[0], objectives), maximized(several[0], objectives)
    axes = _axes(f"Attained by Parts of {of_studies(len(several))}", names)
    for position, curve in enumerate(curves):
        x, y = staircase(curve, maximize)
        label = f"{100.0 * curve.share:.3g} % of the studies"
        axes.plot(x, y, color=shade(position, len(curves)), label=label)
    axes.legend(fontsize="small")
    return axes


def plot_front_table(study: Study) -> Axes:
    """The members of the front: their values, energies and parameters.

    Args:
        study: A study with several objectives.

    Returns:
        Axes.

    Raises:
        ValueError: If the study has one objective.
        TypeError: If it is no study.
    """
    members = front_members(one_study(study, "plot_front_table"))
    width, height = 1.1 * len(members.columns), 0.3 * (len(members.rows) + 2)
    axes: Axes
    _, axes = plt.subplots(layout="constrained", figsize=(width, height))
    axes.set_title("Members of the Front")
    axes.set_axis_off()
    if members.rows:
        axes.table(cellText=members.rows, colLabels=members.columns, loc="center")
    return axes
