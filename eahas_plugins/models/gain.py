"""What a training is expected to gain, in units of the objective."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.gaussian_process import log_expected_improvement, normal_probability
from eahas_plugins.models.values import best_possible

Floats = NDArray[np.float64]


def expected_gain(mean: Floats, deviation: Floats, best: float, *, rewards: Floats) -> Floats:
    """Expected improvement in units of the objective, of shape (n,).

    A process has learnt `transformed` values. Where these are minus the logarithm of an error, the
    error is log-normal, and what it is expected to fall below the best one is Black and Scholes
    (1973), eq. 13, of a put.

    Args:
        mean: Of the process, shape (n,).
        deviation: Of the process, positive, shape (n,).
        best: The best value so far, as the process has learnt it.
        rewards: What `transformed` was given, which tells whether it took logarithms.
    """
    if best_possible(rewards) is None:
        return np.asarray(np.exp(log_expected_improvement(mean, deviation, best)))
    u = (mean - best) / deviation
    error = math.exp(-best)
    elsewhere = np.exp(np.minimum(0.5 * deviation**2 - mean, 700.0))  # the mean error there
    gain = error * normal_probability(u) - elsewhere * normal_probability(u - deviation)
    return np.asarray(np.maximum(gain, 0.0))
