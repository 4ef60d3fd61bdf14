"""What `ScheduleGPSampler` does differently where a study has several objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.study import Study

from eahas_plugins import policy
from eahas_plugins.models.values import Scale
from eahas_plugins.optuna.samplers._base import Scored, Space
from eahas_plugins.optuna.samplers._encoding import Axis
from eahas_plugins.optuna.samplers._front_model import FrontModel, best_first
from eahas_plugins.optuna.samplers._front_trials import Known, Observed, signs_of
from eahas_plugins.optuna.samplers._schedule_state import ScheduleState


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
        space,
        state.fidelity.name,
        state.schedules,
        known=known,
        constants=constants,
        signs=signs,
    )
    model.learn(
        Observed.of(complete, state.pruned[-max_trials:], signs),
        running,
        state.kept.processes,
        lambda columns: state.energy.log_kwh(study, space, columns, {}),
    )
    return model


def best_of_front(study: Study, waiting: Sequence[Scored]) -> Scored | None:
    """The one of some complete trials that adds most to their front."""
    if not waiting:
        return None
    observed = Observed.of([one.trial for one in waiting], (), signs_of(study))
    values = np.stack([Scale(column)(column) for column in observed.rewards.T], axis=1)
    return waiting[best_first(values, observed.feasible)[0]]
