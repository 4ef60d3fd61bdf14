"""What a run's callbacks are given and told, checked before anything is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from smac.runhistory import RunHistory, StatusType, TrialValue
from smac.scenario import Scenario

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh
from eahas_plugins.budget.entries import TrialId
from eahas_plugins.smac.answers import is_finite, takes_attempt


def check_result(value: TrialValue, scenario: Scenario | None) -> None:
    """Refuse what SMAC would end of with an assertion, or learn from as it is.

    Args:
        value: What was told.
        scenario: The scenario, if it is known.

    Raises:
        ValueError: If the trial has not ended, or its costs are not as many as the objectives, or
            it has succeeded with one that is not finite.
    """
    if value.status == StatusType.RUNNING:
        raise ValueError(
            "a trial that is told must have ended but its status is RUNNING: tell it when it has."
        )
    costs = np.ravel(value.cost).tolist()
    n_costs = len(costs) if scenario is None else scenario.count_objectives()
    if len(costs) != n_costs:
        raise ValueError(
            f"the cost must have {n_costs} values, one per objective, but got {value.cost}."
        )
    if value.status == StatusType.SUCCESS and not all(map(is_finite, costs)):
        raise ValueError(
            f"the cost of a trial that succeeded must be finite but got {value.cost}: tell it "
            "with status=StatusType.CRASHED and the scenario's crash_cost."
        )


def check_limit(trial_limit_kwh: float | None, *, can_cut: bool) -> None:
    """Refuse a limit that nobody can hold.

    Raises:
        ValueError: If trials have one and none can be cut short.
    """
    if trial_limit_kwh is not None and not can_cut:
        raise ValueError(
            "trial_limit_kwh must be None where no trial can be cut short but is "
            f"{trial_limit_kwh}: take an energy-aware facade, and a target function that has an "
            "argument `attempt`, reports to it and returns when attempt.must_stop(), or an "
            "EnergyTarget."
        )


def check_target(target: Callable[..., Any] | None, *, trial_limit_kwh: float | None) -> None:
    """Refuse a target function of a facade before its folder is touched.

    Raises:
        ValueError: If it is neither callable nor None, or trials have a limit that it cannot hold.
    """
    if target is not None and not callable(target):
        raise ValueError(f"target_function must be callable or None but got {target!r}.")
    check_limit(trial_limit_kwh, can_cut=target is None or takes_attempt(target))


def check_one_run(callback: object, before: RunHistory | None, now: RunHistory) -> None:
    """Refuse a callback that counts for one run already.

    Args:
        callback: The callback.
        before: The history of its run; None as long as it has none.
        now: The history of the run that calls it.

    Raises:
        ValueError: If they are two.
    """
    if before is not None and before is not now:
        raise ValueError(
            f"{type(callback).__name__} must be given to one facade but a second one calls it, "
            "whose run would end with the first: make another one."
        )


def check_energies(trial: TrialId, told: Mapping[str, Any]) -> None:
    """Refuse what is no energy.

    Raises:
        ValueError: If an energy that was told is not a finite number of at least 0.
    """
    for name in (ENERGY_ATTR, TRAINING_ATTR):
        if told.get(name) is not None and known_kwh(told[name]) is None:
            number, instance, seed, budget = trial
            raise ValueError(
                f"{name} must be a finite number of kWh, zero or more, but the trial of "
                f"configuration {number} (instance {instance}, seed {seed}, budget {budget}) "
                f"told {told[name]!r}: mend what the target function returns and run again."
            )
