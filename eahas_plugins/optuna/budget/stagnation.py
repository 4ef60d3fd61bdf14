"""Whether the last kWh still improved the best value."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from eahas_plugins.budget.balance import ROUNDING
from eahas_plugins.optuna._trials import may_be_best, spent_kwh


def is_stagnant(
    finished: Iterable[FrozenTrial],
    direction: StudyDirection,
    *,
    min_gain_per_kwh: float,
    window_kwh: float,
) -> bool:
    """Whether the best value gained less than ``min_gain_per_kwh`` over the last ``window_kwh``.

    Trials are ordered by when they finished; energy of every state counts, values only of
    complete trials that are feasible and finite. False until there was a best value before the
    window.
    """
    sign = 1.0 if direction is StudyDirection.MAXIMIZE else -1.0
    ordered = sorted(finished, key=_finished_at)
    history: list[tuple[float, float]] = []  # cumulative kWh, best value so far
    total_kwh, best = 0.0, float("-inf")
    for trial in ordered:
        total_kwh += spent_kwh(trial)
        if may_be_best(trial):
            best = max(best, sign * trial.values[0])
        history.append((total_kwh, best))
    begin_kwh = total_kwh * (1.0 + ROUNDING) - window_kwh
    before = [value for kwh, value in history if kwh <= begin_kwh]
    if not before or before[-1] == float("-inf"):
        return False
    return best - before[-1] < min_gain_per_kwh * window_kwh


def _finished_at(trial: FrozenTrial) -> tuple[datetime.datetime, int]:
    assert trial.datetime_complete is not None  # Optuna sets it with the final state
    return trial.datetime_complete, trial.number
