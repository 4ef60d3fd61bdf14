"""The trials of a run history as trainings that a model learns from."""

from __future__ import annotations

from smac.runhistory import RunHistory, StatusType, TrialKey, TrialValue

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh
from eahas_plugins.models.rung_search import Training
from eahas_plugins.spaces.values import native_config


def trainings_of(runhistory: RunHistory) -> list[Training]:
    """All trials of a run with one objective, in the order in which they began."""
    return [_training(runhistory, key, value) for key, value in runhistory.items()]


def _training(runhistory: RunHistory, key: TrialKey, value: TrialValue) -> Training:
    info, complete = value.additional_info, value.status == StatusType.SUCCESS
    if value.status == StatusType.RUNNING:
        state = "running"
    elif complete:
        state = "cut" if info.get("truncated") else "complete"
    else:
        state = "failed"
    return Training(
        key=key.config_id,
        config=native_config(runhistory.get_config(key.config_id)),
        rung=None if key.budget is None else float(key.budget),
        state=state,  # type: ignore[arg-type]
        reward=-float(value.cost) if complete else float("nan"),  # type: ignore[arg-type]
        kwh=known_kwh(info.get(TRAINING_ATTR, info.get(ENERGY_ATTR))),
    )
