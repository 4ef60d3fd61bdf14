"""What the figures of both libraries have in common."""

from __future__ import annotations

from collections.abc import Sequence

from optuna.study import Study
from optuna.trial import TrialState

from eahas_plugins.optuna.visualization._data import Front

COLORS = {
    TrialState.COMPLETE: "#2a7f9e",
    TrialState.PRUNED: "#e0a030",
    TrialState.FAIL: "#b03a2e",
    TrialState.RUNNING: "#9aa5b1",
}
CUMULATIVE_COLOR = "#2c3e50"
SAVED_COLOR = "#c9d6c0"


def state_label(state: TrialState) -> str:
    """The state as Optuna's figures name it."""
    return state.name.capitalize()


def as_studies(study: Study | Sequence[Study]) -> list[Study]:
    """One study or several, as a list."""
    return [study] if isinstance(study, Study) else list(study)


def front_title(front: Front) -> str:
    """The title with the hypervolume, if there is a front."""
    if not front.on_front:
        return "Pareto Front of Value and Energy"
    return f"Pareto Front of Value and Energy (Hypervolume {front.hypervolume:.4g})"
