"""Values of an objective as a model learns them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_ERROR, _LARGEST_ERROR = 1e-3, 10.0  # of the median one
_FLOOR_PERCENTILE = 25.0


def best_possible(rewards: Floats) -> float | None:
    """The reward of no error, where rewards are accuracies (1) or minus losses (0); else None.

    Of these, models learn the logarithm of the error.
    """
    if np.all((rewards >= 0.0) & (rewards <= 1.0)):
        return 1.0
    return 0.0 if np.all(rewards <= 0.0) else None


def transformed(rewards: Floats) -> Floats:
    """What the process learns of rewards, of the same shape and order; larger is better.

    Accuracies and losses become minus the logarithm of the error, which spreads the best and
    brings the worst together; very large errors count as ten times the median one. Of anything
    else the lowest quarter counts as equal: how badly a training failed says nothing of the best.
    """
    top = best_possible(rewards)
    if top is None:
        return np.maximum(rewards, np.percentile(rewards, _FLOOR_PERCENTILE))
    errors = top - rewards
    median = float(np.median(errors)) or 1.0
    return -np.log(np.clip(errors, _LEAST_ERROR * median, _LARGEST_ERROR * median))


class Scale:
    """What a process learns of an objective's rewards; the order stays, and larger is better.

    Accuracies and what is minimised and never negative become minus the logarithm of the error:
    that spreads the best, and energies and sizes are told apart by their ratio. Errors count as at
    most ten times the median one. Anything else stays as it is.

    Args:
        rewards: Finite rewards of an objective, shape (n,).
        limited: Whether errors far from the median are drawn in.
    """

    def __init__(self, rewards: Floats, *, limited: bool = True) -> None:
        self._log = bool(np.all(rewards <= 0.0))
        self._top = 0.0
        if not self._log and np.all((rewards >= 0.0) & (rewards <= 1.0)):
            self._log, self._top = True, 1.0
        errors = self._top - rewards
        median = float(np.median(errors)) if self._log else 1.0
        median = median if median > 0.0 else float(errors.max()) or 1.0
        self._least = _LEAST_ERROR * median
        self._largest = _LARGEST_ERROR * median if limited else math.inf

    def __call__(self, rewards: Floats) -> Floats:
        """The same shape."""
        if not self._log:
            return rewards
        return -np.log(np.clip(self._top - rewards, self._least, self._largest))
