"""Values of an objective as a model learns them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_ERROR, _LARGEST_ERROR = 1e-3, 10.0  # of the median one
_FLOOR_PERCENTILE = 25.0


def transformed(rewards: Floats) -> Floats:
    """What the process learns of rewards, of the same shape and order; larger is better.

    Accuracies and losses become minus the logarithm of the error, which spreads the best and
    brings the worst together; very large errors count as ten times the median one. Of anything
    else the lowest quarter counts as equal: how badly a training failed says nothing of the best.
    """
    if np.all((rewards >= 0.0) & (rewards <= 1.0)):
        errors = 1.0 - rewards
    elif np.all(rewards <= 0.0):
        errors = -rewards
    else:
        return np.maximum(rewards, np.percentile(rewards, _FLOOR_PERCENTILE))
    median = float(np.median(errors)) or 1.0
    return -np.log(np.clip(errors, _LEAST_ERROR * median, _LARGEST_ERROR * median))
