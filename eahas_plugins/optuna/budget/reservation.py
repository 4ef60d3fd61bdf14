"""What a trial is expected to need when it starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from optuna.study import Study
from optuna.trial import Trial

from eahas_plugins.budget.attributes import kwh_argument

Reserve = float | Literal["auto"] | Callable[[Study, Trial], float | None] | None


def checked_reserve(reserve: Reserve) -> Reserve:
    """The argument ``reserve`` of a budget.

    Raises:
        ValueError: If it is a number and not a positive finite one, or something else.
    """
    if reserve is None or reserve == "auto" or callable(reserve):
        return reserve
    return kwh_argument("reserve", reserve)


def expectation(
    reserve: Reserve, trial: Trial, *, limit_kwh: float | None, median_kwh: float | None
) -> float | None:
    """Energy of the whole trial as ``reserve`` says, kWh; None if nobody knows.

    Args:
        reserve: The argument of the budget.
        trial: The trial.
        limit_kwh: The most it may spend, kWh, if there is a limit.
        median_kwh: Median energy of finished trials, kWh, if there are any.

    Raises:
        ValueError: If a function answers with what is no energy.
    """
    if reserve is None:
        return None
    if reserve == "auto":
        top_rung_kwh: float | None = getattr(trial.study.pruner, "max_kwh", None)
        return limit_kwh or top_rung_kwh or median_kwh
    answer = reserve(trial.study, trial) if callable(reserve) else reserve
    return None if answer is None else kwh_argument("reserve", answer, zero=True)
