"""What `ScheduleGPSampler` does differently where a study has several objectives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.study import Study

from eahas_plugins import policy
from eahas_plugins.optuna.samplers._base import Space
from eahas_plugins.optuna.samplers._encoding import Axis
from eahas_plugins.optuna.samplers._front_model import FrontModel, best_first
from eahas_plugins.optuna.samplers._front_trials import Known, Observed, signs_of
from eahas_plugins.optuna.samplers._schedule_state import ScheduleState

_N_FIRST = 10


def fitted_front(
    state: ScheduleState,
    study: Study,
    space: Space,
    running: Sequence[Mapping[str, Any]],
    known: Known,
    *,
    max_trials: int,
) -> FrontModel:
    """What the trials of a study with several objectives have taught.

    Args:
        state: The study's trials and energy.
        study: The study.
        space: Distributions of all parameters that vary.
        running: Parameters of running trials.
        known: Functions of the configuration that are objectives, by position.
        max_trials: Trials to learn from: half of them the best, half the latest.
    """
    signs = signs_of(study)
    complete = [one.trial for one in state.complete]
    if len(complete) > max_trials:
        complete.sort(key=lambda trial: trial.number)
        seen = Observed.of(complete, (), signs)
        order = best_first(seen.rewards, seen.feasible)
        ranks = np.empty(len(order))
        ranks[order] = np.arange(len(order))
        complete = [complete[i] for i in policy.best_and_latest(-ranks, n=max_trials)]
    constants = {n: Axis(d).value(0.5) for n, d in state.space.items() if d.single()}
    model = FrontModel(
        {name: Axis(distribution) for name, distribution in space.items()},
        state.fidelity.name,
        state.schedules,
        known=known,
        constants=constants,
        signs=signs,
    )
    model.learn(
        Observed.of(complete, state.pruned[-max_trials:], signs),
        first=Observed.of([one.trial for one in state.complete[:_N_FIRST]], (), signs),
        running=running,
        failed=[t.params for t in state.telling_failures()],
        past=state.past(max_trials),
        processes=state.kept.processes,
        log_kwh=state.energy.predictor(study, space),
    )
    return model


def shorter_training(state: ScheduleState, params: Mapping[str, Any], key: Hashable) -> int | None:
    """The latest complete trial that trained a configuration with a shorter schedule, if any."""
    name, schedules = state.fidelity.name, list(state.schedules or ())
    if params.get(name or "") not in schedules:
        return None
    shorter = schedules[: schedules.index(params[name or ""])]
    found = [
        one.trial.number
        for one in state.complete
        if one.trial.params.get(name or "") in shorter and state.key_of(one.trial) == key
    ]
    return max(found, default=None)
