"""The values that figures show, of trials or of a target."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import float_of

Floats = NDArray[np.float64]
Target = Callable[[FrozenTrial], float | None]

_log = logging.getLogger(__name__)


def value_of(study: Study, target: Target | None) -> Target:
    """The target, or a trial's only value.

    Raises:
        ValueError: If there is no target and the study has several objectives.
        TypeError: If the target is no function.
    """
    if target is not None:
        if not callable(target):
            raise TypeError(f"target must be a function of a trial but got {target!r}.")
        return target
    if len(study.directions) > 1:
        raise ValueError(
            "`target` must be given for a study with several objectives, for example "
            "`target=lambda t: t.values[0]`."
        )
    return first_value


def finite_values(
    study: Study, trials: Sequence[FrozenTrial], target: Target
) -> tuple[list[FrozenTrial], Floats]:
    """Trials whose value is a finite number, and the values; the others are named in a warning.

    Raises:
        ValueError: If a target returns no number.
    """
    values = np.array([_as_float(target(trial), trial.number) for trial in trials])
    finite = np.isfinite(values)
    if not finite.all():
        numbers = [trial.number for trial, keep in zip(trials, finite, strict=True) if not keep]
        _log.warning(
            "Trials %s of %s are left out of the figure: their values are not finite.",
            *(", ".join(map(str, numbers)), study.study_name),
        )
    return [t for t, keep in zip(trials, finite, strict=True) if keep], values[finite]


def first_value(trial: FrozenTrial) -> float:
    """A trial's only value."""
    return float(trial.values[0])


def _as_float(value: object, number: int) -> float:
    if value is None:
        return math.nan
    try:
        return float(value) if isinstance(value, bool) else float_of(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"target must return a number, or None, for every trial but got {value!r} for trial "
            f"{number}."
        ) from None
