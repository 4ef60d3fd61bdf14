"""How repeated trainings of one configuration differ, learnt from those there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogate.fitting.dataset import Dataset
from surrogate.models import bezier
from surrogate.models.benchmark import Noise

Floats = NDArray[np.float64]

DEFAULT_OFFSET = 0.045
"""Shift of a curve where there are too few repeats to tell: 0.5 points at 88 % accuracy."""
DEFAULT_COST_OFFSET = 0.03
LEAST_REPEATED = 10
_LEAST_MISS = 0.02  # as a share of a smaller error rate, rounding would count as noise


def learn_noise(data: Dataset, own: Sequence[Floats], *, n_points: int, n_members: int) -> Noise:
    """From trainings of the same configuration; medians, since a few of them diverge.

    Args:
        data: The trainings.
        own: The curves of each as its own Bezier curve gives them.
        n_points: Control points of each of those.
        n_members: Members of the ensemble that is fitted.
    """
    counts = np.bincount(data.group)
    repeated = [np.flatnonzero(data.group == g) for g in np.flatnonzero(counts > 1).tolist()]
    shown = data.curve_names.index("val_accuracy") if "val_accuracy" in data.curve_names else 0
    offset, cost_offset = DEFAULT_OFFSET, DEFAULT_COST_OFFSET
    if len(repeated) >= LEAST_REPEATED:
        shifts, cost_shifts = [], []
        for places in repeated:
            # The median of a standard deviation from so few values is that much below the truth.
            unbiased = _median_deviation(len(places))
            finals = np.array([data.curves[i][shown, -1] for i in places.tolist()])
            miss = max(1.0 - float(finals.mean()), _LEAST_MISS)
            shifts.append(float(finals.std(ddof=1)) / miss / unbiased)
            if data.cost_names:
                cost_shifts.append(float(data.costs[places, 0].std(ddof=1)) / unbiased)
        offset = float(np.median(shifts))
        if cost_shifts:
            cost_offset = float(np.median(cost_shifts))
    return Noise(
        n_members=n_members,
        offset=offset,
        curve_jitter=_curve_jitter(data, own, n_points),
        cost_offset=cost_offset,
        cost_jitter=data.cost_jitter,
    )


def _median_deviation(n: int) -> float:
    """Median of the standard deviation of ``n`` normal values (Wilson and Hilferty, 1931)."""
    degrees = n - 1
    return float((1.0 - 2.0 / (9.0 * degrees)) ** 1.5)


def _curve_jitter(data: Dataset, own: Sequence[Floats], n_points: int, n_bins: int = 9) -> Floats:
    """Spread of epochs about their own Bezier curve, by fraction of the schedule."""
    found: list[list[Floats]] = [[] for _ in range(n_bins)]
    for curves, fitted in zip(data.curves, own, strict=True):
        n_epochs = curves.shape[1]
        error = np.abs(curves - fitted) / np.maximum(1.0 - fitted, _LEAST_MISS)
        # The fit takes away a share of the noise: degree - 1 inner points per n_epochs values.
        error *= np.sqrt(n_epochs / max(1, n_epochs - n_points))
        bins = np.rint(bezier.fractions(n_epochs) * (n_bins - 1)).astype(int)
        for place, values in zip(bins.tolist(), error.T, strict=True):
            found[place].append(values)
    jitter = [
        1.4826 * np.median(np.array(values), axis=0) if values else np.zeros(len(data.curve_names))
        for values in found
    ]
    return np.array(jitter).T
