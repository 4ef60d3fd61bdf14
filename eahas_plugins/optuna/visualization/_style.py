"""What the figures of both libraries have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from optuna.study import Study
from optuna.trial import TrialState

from eahas_plugins.arguments import check_made
from eahas_plugins.optuna.visualization._data import Floats, Front, ValueCurve
from eahas_plugins.units import KWH, EnergyUnit, energy_text, energy_unit

COLORS = {
    TrialState.COMPLETE: "#2a7f9e",
    TrialState.PRUNED: "#e0a030",
    TrialState.FAIL: "#b03a2e",
    TrialState.RUNNING: "#9aa5b1",
}
CUMULATIVE_COLOR = "#2c3e50"
SAVED_COLOR = "#c9d6c0"
DOMINATED_COLOR = "#8ab4d8"
FRONT_COLOR = "#c0392b"
INFEASIBLE_COLOR = "#b8b8b8"
STUDY_COLORS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"),
)
SAVED_LABEL = "Saved by Pruning (Estimated)"


def state_label(state: TrialState) -> str:
    """The state as Optuna's figures name it."""
    return state.name.capitalize()


def as_studies(study: Study | Sequence[Study]) -> list[Study]:
    """One study or several, as a list.

    Raises:
        TypeError: If one is something else.
    """
    studies = list(study) if isinstance(study, Iterable) else [study]
    for one in studies:
        check_made(Study, study=one)
    return studies


def one_study(study: Study, figure: str) -> Study:
    """The study of a figure that shows only one.

    Raises:
        TypeError: If it is something else, such as several studies.
    """
    if not isinstance(study, Study):
        raise TypeError(
            f"{figure} shows one study but got {type(study).__name__}: call it for each study."
        )
    return study


def front_title(front: Front, unit: EnergyUnit) -> str:
    """The title with the hypervolume and what it is, if there is a front."""
    if not front.on_front:
        return "Pareto Front of Value and Energy"
    area, (value, kwh) = front.hypervolume * unit.per_kwh, front.reference
    return (
        "Pareto Front of Value and Energy\n"
        f"Hypervolume {area:.3g} {unit.name} x value: what it\n"
        f"beats, up to {energy_text(kwh, unit=unit)} and value {value:.3g}"
    )


def unit_of(*kwh: Sequence[float] | Floats | float | None) -> EnergyUnit:
    """The unit in which the largest of some energies in kWh reads well; kWh if there are none."""
    known = [np.max(part) for part in kwh if part is not None and np.size(part)]
    largest = max(known, default=0.0)
    return energy_unit(float(largest)) if largest > 0.0 else KWH


def mean_trial(*curves: ValueCurve) -> float | None:
    """Mean energy of the complete trials of some studies, kWh; None if nobody knows it."""
    known = np.concatenate([np.empty(0), *(curve.trial_kwh for curve in curves)])
    known = known[known > 0.0]
    return float(known.mean()) if len(known) else None


TRIALS_LABEL = "Mean Complete Trials"


def study_color(position: int) -> str:
    """The colour of one of several studies."""
    return STUDY_COLORS[position % len(STUDY_COLORS)]
