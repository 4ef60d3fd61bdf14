"""The line that ends a study."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import NamedTuple

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.budget.balance import Balance
from eahas_plugins.optuna._trials import may_be_best, planned_kwh, spent_kwh
from eahas_plugins.optuna.budget.readers import STOPPED_ATTR
from eahas_plugins.units import energy_text, share_text


class Outcome(NamedTuple):
    """How a trial ends that its study still shows as running.

    Args:
        number: Number of the trial.
        state: Its state.
        values: Its values, if it completes.
        error: Why it fails, in one line, if that is known.
    """

    number: int
    state: TrialState
    values: Sequence[float] | None = None
    error: str = ""


def summary(study: Study, balance: Balance, *, reason: str, outcome: Outcome | None) -> str:
    """What was spent and found, in one line.

    Args:
        study: The study.
        balance: Its balance.
        reason: Why it ends.
        outcome: The trial that is about to be told, if there is one.
    """
    trials = list(study.get_trials(deepcopy=False))
    if outcome is not None:
        trials[outcome.number] = _told(trials[outcome.number], outcome)
    counts = [
        f"{n} {state.name.lower()}"
        for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING)
        if (n := sum(t.state is state for t in trials))
    ]
    noun = "trial" if len(trials) == 1 else "trials"
    line = (
        f"The study ends: {reason}; {share_text(balance.spent_kwh, balance.cap_kwh)} spent in "
        f"{len(trials)} {noun} ({', '.join(counts)}). {_best(study, trials)}"
    )
    saved = _saved_kwh(trials)
    return line + (f" Pruning saved {energy_text(saved)} (estimated)." if saved else "")


def _told(trial: FrozenTrial, outcome: Outcome) -> FrozenTrial:
    trial = copy.copy(trial)
    trial.state = outcome.state
    if outcome.values is not None:
        trial.values = list(outcome.values)
    return trial


def _best(study: Study, trials: Sequence[FrozenTrial]) -> str:
    candidates = [t for t in trials if may_be_best(t)]
    if not candidates:
        return "No trial is complete, feasible and finite."
    if len(study.directions) > 1:
        return f"{len(candidates)} trials are candidates for the Pareto front."
    choose = max if study.direction is StudyDirection.MAXIMIZE else min
    best = choose(candidates, key=lambda trial: trial.values[0])
    return f"Best value {best.values[0]:.6g} (trial {best.number})."


def _saved_kwh(trials: Sequence[FrozenTrial]) -> float:
    """What trials that a pruner ended would still have spent, as far as it was reserved, kWh."""
    return sum(
        max(0.0, (planned_kwh(trial) or 0.0) - spent_kwh(trial))
        for trial in trials
        if trial.state is TrialState.PRUNED and _by_pruner(trial)
    )


def _by_pruner(trial: FrozenTrial) -> bool:
    stopped = trial.user_attrs.get(STOPPED_ATTR)
    return not isinstance(stopped, dict) or stopped.get("by") == "pruner"
