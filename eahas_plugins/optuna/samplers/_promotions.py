"""Which tried configuration gets the longest schedule next, if any does, and who trains it."""

from __future__ import annotations

import math
from collections.abc import Callable

from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins import policy
from eahas_plugins.models.schedule_model import ScheduleModel
from eahas_plugins.optuna._compat import set_user_attr
from eahas_plugins.optuna._trials import PROMOTED_KEY
from eahas_plugins.optuna.samplers._base import Scored, Space
from eahas_plugins.optuna.samplers._running import Proposal
from eahas_plugins.optuna.samplers._schedule_state import ScheduleState

TRIES = 10
"""So often a trial proposes anew what others have announced at the same moment."""


def announced(
    state: ScheduleState,
    study: Study,
    trial: FrozenTrial,
    *,
    decide: Callable[[bool], Proposal],
    update: Callable[[], object],
) -> Proposal:
    """What a trial trains, where nobody else trains the same configuration longer.

    A trial that trains another one's configuration longer says so in its attribute, and then looks
    whether others do: whoever sees another one gives way. Of two, the one that announces later
    always sees the other; both may, and then both propose anew.

    Args:
        state: What is known of the study.
        study: The study.
        trial: The trial that is to be told.
        decide: A proposal; a new configuration if it is given False.
        update: Reads the other trials again.
    """
    for n in range(TRIES):
        proposal = decide(n < TRIES - 1)
        if proposal.source is None:
            if n > 0:
                set_user_attr(study, trial, PROMOTED_KEY, None)
            break
        set_user_attr(study, trial, PROMOTED_KEY, proposal.source)
        update()
        if not state.is_taken(proposal, by_other_than=trial.number):
            break
    return proposal


def early(
    state: ScheduleState,
    space: Space,
    *,
    left_kwh: float,
    promotion_share: float,
) -> Scored | None:
    """The best of the start so far, after every few trainings."""
    if state.fidelity.name not in space or len(state.schedules or ()) < 2 or len(space) < 2:
        return None
    return _best_if_due(state, left_kwh=left_kwh, promotion_share=promotion_share)


def _best_if_due(state: ScheduleState, *, left_kwh: float, promotion_share: float) -> Scored | None:
    n_longest = len(state.longest) + len(state.in_training())
    if not policy.early_promotion_due(state.n_short, n_longest, promotion_share=promotion_share):
        return None
    waiting = state.waiting(left_kwh)
    return max(waiting, key=lambda one: one.reward) if waiting else None


def by_gain(
    state: ScheduleState,
    study: Study,
    model: ScheduleModel,
    *,
    left_kwh: float,
    alpha: float,
    new_gain: float,
    promotion_share: float,
) -> Scored | None:
    """The one that gains more per kWh than a new configuration does, and can be paid.

    Without a budget energy never stops to count, and short trainings would always be the cheaper
    ones: while longer schedules have less than their part of the energy, new ones count nothing.
    Where trainings with the longest schedule have failed and none has not, nothing is known of what
    they gain: it is as at the start.
    """
    if not state.energy.says_something(study):
        return None
    if state.longest_in_vain:
        return _best_if_due(state, left_kwh=left_kwh, promotion_share=promotion_share)
    if state.energy.budget_kwh(study) is None and _due(state, promotion_share):
        new_gain = -math.inf
    waiting = state.waiting(left_kwh)
    configs = [one.trial.params for one in waiting]
    gains = model.gains(configs, state.log_kwh_to_longest(waiting), alpha=alpha)
    chosen = policy.which_goes_on(gains, new_gain)
    return None if chosen is None else waiting[chosen]


def _due(state: ScheduleState, promotion_share: float) -> bool:
    return policy.promotion_due(
        state.longer_committed_kwh(), state.committed_kwh(), promotion_share=promotion_share
    )
