"""What every pruner needs: a trial's energy, a memory in the storage, and a fair comparison."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.budget.attributes import STEP_ATTR, known_kwh
from eahas_plugins.budget.balance import covers
from eahas_plugins.optuna._compat import set_system_attr
from eahas_plugins.optuna._trials import energy_of


def check_prunable(study: Study, owner: str) -> None:
    """Check that Optuna can prune in a study.

    Args:
        study: The study.
        owner: The pruner's class, for the message.

    Raises:
        ValueError: If it has several objectives; the message says what to do instead.
    """
    if len(study.directions) > 1:
        raise ValueError(
            f"{owner} compares trials by one objective but the study has {len(study.directions)}: "
            "Optuna takes no value before a trial ends there. Leave the pruner out; what a trial "
            "and the study may spend EnergyBudget(trial_limit_kwh=..., kwh=...) limits all the "
            "same, and ea_bohb saves energy by shorter schedules."
        )


def exceeds(trial: FrozenTrial, limit_kwh: float) -> bool:
    """Whether the trial has reached a limit or its next step, if known, would pass it."""
    energy_kwh = energy_of(trial)
    if energy_kwh is None:
        return False
    step_kwh = known_kwh(trial.user_attrs.get(STEP_ATTR)) or 0.0
    left_kwh = limit_kwh - energy_kwh
    return not all(covers(left_kwh, kwh, limit_kwh=limit_kwh) for kwh in (None, step_kwh))


def last_value(trial: FrozenTrial) -> float | None:
    """The value reported last, if any."""
    step = trial.last_step
    return None if step is None else trial.intermediate_values[step]


def maximizes(study: Study) -> bool:
    """Whether larger values are better in a study with one objective."""
    return study.direction is StudyDirection.MAXIMIZE


def remember(study: Study, trial: FrozenTrial, key: str, value: Any) -> None:
    """Store what a pruner has seen of a running trial, where every worker finds it."""
    set_system_attr(study, trial, key, [trial.number, value])


def recall(trial: FrozenTrial, key: str) -> Any:
    """What was stored of this trial, else None; a retry has a copy of the dead trial's memory."""
    stored = trial.system_attrs.get(key)
    return stored[1] if stored is not None and stored[0] == trial.number else None


def recall_others(study: Study, trial: FrozenTrial, key: str) -> list[float]:
    """Numbers stored under ``key`` for the other trials; what has failed has no value."""
    others = (
        t
        for t in study.get_trials(deepcopy=False)
        if t.number != trial.number and t.state is not TrialState.FAIL
    )
    return [value for other in others if (value := recall(other, key)) is not None]


def among_best(value: float, others: Iterable[float], *, share: float, maximize: bool) -> bool:
    """Whether a value is among the best ``share`` of itself and the others; at least the best is.

    One that is not finite is not, and does not count. Values that tie with the last one in are in.
    """
    if not math.isfinite(value):
        return False
    sign = 1.0 if maximize else -1.0
    ranked = sorted((sign * v for v in (value, *others) if math.isfinite(v)), reverse=True)
    n_kept = max(1, math.floor(share * len(ranked) + 1e-9))  # 0.3 * 10 is 2.9999…
    return sign * value >= ranked[n_kept - 1]
