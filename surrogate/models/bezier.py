"""The learning curves of a training as one Bezier curve (BSC): fit it, and read it at every epoch.

A training is a path: for ``s`` in [0, 1] it is at the point ``(x(s), y1(s), y2(s), ...)``, where
``x`` is the fraction of the schedule that is done (0 at epoch 1, 1 at the last epoch) and each
``y`` the value of one curve (train, validation and test accuracy, say). The curves share ``x``
because they turn at the same epochs: their noise averages out, and reading them takes one
inversion of ``x(s)``. Because ``x`` is a fraction, control points can be read at any number of
epochs.

Control points are arrays of shape (..., 1 + n_curves, degree + 1): first the x of all points, then
the y of each curve. The x must not fall, as :func:`rising` sees to. Then ``x(s)`` never falls
either (a Bezier curve varies no more than its control points), every epoch has a value, and
there is no root to choose.

References:
    Dou et al. (2023), EA-HAS-Bench, section 4.1 (Bezier curve-based surrogate, BSC).
    Farin (2002), Curves and Surfaces for CAGD, 5th edition: Bernstein polynomials B_k^n(s) =
    C(n, k) s^k (1 - s)^(n - k), the variation-diminishing property, and least squares over chord
    lengths.
"""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

DEGREES = (3, 4, 5, 6)
"""Cubic to sextic."""
N_PIECES = 128
"""Straight pieces that stand for a curve when it is read."""
_ROWS_PER_CHUNK = 32
"""Trainings read together, so that the temporaries stay in the cache."""


@cache
def fractions(n_epochs: int) -> Floats:
    """The part of the schedule that is done after each epoch, of shape (n_epochs,).

    Counted from epoch 1, so that curves begin where they are first known; a single epoch is all.
    """
    done = np.linspace(0.0, 1.0, n_epochs) if n_epochs > 1 else np.ones(1)
    done.flags.writeable = False  # it is shared
    return done


def fit(curves: ArrayLike, degree: int) -> Floats:
    """Control points of the curves of a training; first and last values are kept.

    Parameters are chord lengths; then x is made rising, and y fitted once more at the parameters
    where each epoch is read, which undoes what noise does to chord lengths.

    Args:
        curves: Array of shape (n_curves, n_epochs) or (n_epochs,), finite.
        degree: 3 to 6.

    Returns:
        Array of shape (1 + n_curves, degree + 1).

    Raises:
        ValueError: If the degree is another or a value is not finite.
    """
    y = np.atleast_2d(np.asarray(curves, dtype=np.float64))
    if degree not in DEGREES:
        raise ValueError(f"degree must be one of {DEGREES} but got {degree!r}.")
    if y.ndim != 2 or not y.size or not np.isfinite(y).all():
        raise ValueError("curves must have shape (n_curves, n_epochs) and be finite.")
    done = fractions(y.shape[1])
    if len(done) == 1:
        x = np.linspace(0.0, 1.0, degree + 1)
        return np.vstack([x, np.repeat(y, degree + 1, axis=1)])
    steps = np.diff(np.vstack([done, y]), axis=1)
    length = np.concatenate([[0.0], np.cumsum(np.sqrt((steps**2).sum(axis=0)))])
    x = rising(_control_values(basis(length / length[-1], degree), done[None])[0])
    return fit_at(x, y)


def fit_at(x: Floats, curves: Floats) -> Floats:
    """Control points with this rising x, of shape (degree + 1,); see :func:`fit`."""
    matrix = reader(x, curves.shape[1])
    return np.vstack([x, _control_values(matrix.T, curves)])


def reader(x: Floats, n_epochs: int) -> Floats:
    """Matrix of shape (degree + 1, n_epochs) that turns y control values at this x into a curve.

    Where all curves share the x of their control points, this replaces :func:`evaluate`.
    """
    degree = len(x) - 1
    s = np.interp(fractions(n_epochs), _grid_basis(degree) @ x, _grid())
    return np.ascontiguousarray(basis(s, degree).T)


def warped(degree: int, power: float) -> Floats:
    """Control values of x that crowd at the beginning, where learning curves bend most."""
    return np.asarray(np.linspace(0.0, 1.0, degree + 1) ** power)


def rising(x: Floats) -> Floats:
    """``x`` of shape (..., degree + 1), clipped and raised so that it rises from 0 to 1."""
    x = np.maximum.accumulate(np.maximum(np.minimum(x, 1.0), 0.0), axis=-1)
    x[..., 0] = 0.0
    x[..., -1] = 1.0
    return x


def evaluate(points: Floats, n_epochs: int) -> Floats:
    """The values of curves after each epoch.

    Args:
        points: Control points of shape (n, 1 + n_curves, degree + 1), x rising from 0 to 1.
        n_epochs: How many epochs the schedule has.

    Returns:
        Array of shape (n, n_curves, n_epochs), within the range of each curve's control values.
        Taking pieces as straight costs less than 1e-3 for control points in [0, 1], usually 1e-4.
    """
    n, n_coordinates, n_points = points.shape
    out = np.empty((n, n_coordinates - 1, n_epochs))
    if n == 1:  # less to do than to set up
        grid = points[0] @ _grid_basis(n_points - 1).T
        done = fractions(n_epochs)
        for curve, y in enumerate(grid[1:]):
            out[0, curve] = np.interp(done, grid[0], y)
        return out
    for start in range(0, n, _ROWS_PER_CHUNK):
        chunk = slice(start, start + _ROWS_PER_CHUNK)
        _evaluate_many(points[chunk] @ _grid_basis(n_points - 1).T, out[chunk])
    return out


def _evaluate_many(grid: Floats, out: Floats) -> None:
    """Read curves of shape (n, 1 + n_curves, N_PIECES + 1) into ``out`` (n, n_curves, n_epochs)."""
    n, n_curves, n_epochs = out.shape
    x = grid[:, 0] * (n_epochs - 1)
    # Epochs are whole numbers here: counting the grid points before each replaces a search.
    first = np.ceil(x[:, 1:-1]).astype(np.intp)
    first += np.arange(0, n * (n_epochs + 1), n_epochs + 1)[:, None]
    counts = np.bincount(first.reshape(-1), minlength=n * (n_epochs + 1))
    piece = counts.reshape(n, -1)[:, :n_epochs].cumsum(axis=1)
    piece += np.arange(0, n * (N_PIECES + 1), N_PIECES + 1)[:, None]
    left = x.take(piece)
    width = x.take(piece + 1) - left
    part = np.divide(np.arange(n_epochs) - left, width, out=np.ones_like(left), where=width > 0.0)
    for curve in range(n_curves):
        y = np.ascontiguousarray(grid[:, curve + 1])
        start = y.take(piece)
        out[:, curve] = start + part * (y.take(piece + 1) - start)


def basis(s: ArrayLike, degree: int) -> Floats:
    """Bernstein polynomials at ``s``, of shape (len(s), degree + 1)."""
    k = np.arange(degree + 1)
    binomials = np.array([comb(degree, int(i)) for i in k], dtype=np.float64)
    s = np.asarray(s, dtype=np.float64)[:, None]
    # B_k^n(s) = C(n, k) s^k (1 - s)^(n - k)
    return np.asarray(binomials * s**k * (1.0 - s) ** (degree - k))


def _grid() -> Floats:
    return np.linspace(0.0, 1.0, N_PIECES + 1)


@cache
def _grid_basis(degree: int) -> Floats:
    return basis(_grid(), degree)


def _control_values(matrix: Floats, values: Floats) -> Floats:
    """Control values of shape (n, degree + 1) nearest to ``values`` (n, len(matrix)), ends kept.

    With fewer values than control points it is the one nearest to a straight line.
    """
    control = np.linspace(values[:, 0], values[:, -1], matrix.shape[1], axis=1)
    inner, *_ = np.linalg.lstsq(matrix[:, 1:-1], (values - control @ matrix.T).T, rcond=None)
    control[:, 1:-1] += inner.T
    return control
