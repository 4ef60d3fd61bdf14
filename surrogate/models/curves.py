"""Reading predicted control values: Bezier curves of the log of the error, as accuracies."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models import bezier

Floats = NDArray[np.float64]


def read_curves(
    outputs: Floats, degree: int, x: Floats | None, n_epochs: int, floor: Floats | None = None
) -> Floats:
    """Curves in [0, 1) of shape (n, n_curves, n_epochs).

    Bezier curves are of :func:`log_error`, in which the differences at the top are as large as
    those at the bottom, and few trainings that diverge do not outweigh all others.

    Args:
        outputs: Inner x control values (only if ``x`` is None), then the y of each curve.
        degree: Degree of the Bezier curves.
        x: Array of shape (degree + 1,): the x control values, where they are the same for all.
        n_epochs: How many epochs the schedule has.
        floor: Array of shape (n_curves,): the least accuracy of each curve; None for 0.
    """
    n, n_points = len(outputs), degree + 1
    n_curves = (outputs.shape[1] - (0 if x is not None else degree - 1)) // n_points
    most: Any = 0.0 if floor is None else np.log1p(-floor)[:, None]
    out = np.empty((n, n_curves, n_epochs))
    for start in range(0, n, _ROWS_PER_CHUNK):
        rows, curves = (
            outputs[start : start + _ROWS_PER_CHUNK],
            out[start : start + _ROWS_PER_CHUNK],
        )
        if x is not None:
            read = rows.reshape(-1, n_points) @ _reader(x.tobytes(), n_epochs)
            curves[:] = read.reshape(-1, n_curves, n_epochs)
        else:
            rising = np.zeros((len(rows), 1, n_points))
            rising[:, 0, 1:-1] = rows[:, : degree - 1]
            y = -rows[:, degree - 1 :].reshape(-1, n_curves, n_points)
            points = np.concatenate([bezier.rising(rising), y], axis=1)
            curves[:] = bezier.evaluate(points, n_epochs)
        np.minimum(curves, most, out=curves)  # the log of the error rate
        np.exp(curves, out=curves)
        np.subtract(1.0, curves, out=curves)
    return out


_ROWS_PER_CHUNK = 256
"""Runs read together, so that what they are made of stays in the cache."""
LEAST_ERROR = 1e-3
"""Of an accuracy: a smaller error rate counts as that."""


def log_error(accuracy: Floats) -> Floats:
    """``-log(1 - accuracy)``, with errors below :data:`LEAST_ERROR` counted as that."""
    return np.asarray(-np.log(np.maximum(1.0 - accuracy, LEAST_ERROR)))


@lru_cache(maxsize=64)
def _reader(x: bytes, n_epochs: int) -> Floats:
    """From control values to the log of the error rate."""
    return -bezier.reader(np.frombuffer(x), n_epochs)
