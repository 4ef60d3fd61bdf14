"""Learning curves as upstream reads them off a Bezier curve: where x(s) = epoch, the value is y(s).

Upstream intersects the curve with a vertical segment from -10 to 100 at every epoch, using the
library ``bezier``, and takes the first intersection, or y(0.5) where there is none. Here all epochs
of all curves are solved at once: x is cut at its extrema into monotone pieces, and a bracketed
Newton iteration runs in every piece that an epoch falls into.

Where an epoch is met several times (the inner control points are unbounded, so x may turn back),
the library returns its intersections in the order in which its subdivision finds them, which
:mod:`.first_found` reproduces. In control points of thousands the library finds no end of its
subdivision, and upstream ends in an error; here the value is as for any other curve.

References:
    Dou et al. (2023), EA-HAS-Bench, section 4.1, and its published code.
"""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from surrogate.official.first_found import last_is_first_found

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

LOWEST, HIGHEST = -10.0, 100.0
"""Ends of the vertical segment that upstream intersects with, percent."""
_MAX_ROUNDS = 60
_FAST_ROUNDS = 3
_CLOSE = 1e-8
_N_CELLS = 64
_GRID = np.linspace(0.0, 1.0, _N_CELLS + 1)
_FINE_GRID = np.linspace(0.0, 1.0, 257)
"""So fine that two rounds from it are enough."""


def curve_values(points: Floats, n_epochs: int) -> Floats:
    """The curve after each epoch, unclipped.

    Args:
        points: Array of shape (n_curves, 2 degree): first value, last value, inner x, inner y.
        n_epochs: Length of the curves, at least 2.

    Returns:
        Array of shape (n_curves, n_epochs). The first and last value are the endpoints themselves.
    """
    x, y = control_points(points, n_epochs)
    # A curve whose control points rise in x does so itself: one root per epoch, and no pieces.
    turns = (x[:, 1:] < x[:, :-1]).any(axis=1)
    if not turns.any():
        found = _rising_values(x, y, n_epochs)
        return _turning_values(x, y, n_epochs) if found is None else found
    straight, bent = np.flatnonzero(~turns), np.flatnonzero(turns)
    found = _rising_values(x[straight], y[straight], n_epochs) if len(straight) else None
    if found is None:
        return _turning_values(x, y, n_epochs)
    out = np.empty((len(points), n_epochs))
    out[straight] = found
    out[bent] = _turning_values(x[bent], y[bent], n_epochs)
    return out


def _rising_values(x: Floats, y: Floats, n_epochs: int) -> Floats | None:
    """The values of curves whose x never turns; None if plain Newton is not enough for all."""
    to_power, grid = _to_power_basis(x.shape[1] - 1), x @ _grid_basis(x.shape[1] - 1)
    cx, cy = x @ to_power, y @ to_power
    epochs = np.arange(2.0, n_epochs)
    s = np.empty((len(x), len(epochs)))
    for row, known in zip(s, grid, strict=True):
        row[:] = np.interp(epochs, known, _FINE_GRID)
    columns = cx.T[:, :, None]
    with np.errstate(all="ignore"):
        for _ in range(_FAST_ROUNDS):
            reached, slope = _value_and_slope(columns, s)
            reached -= epochs
            reached /= slope
            s -= reached
            if np.abs(reached).max(initial=0.0) < _CLOSE:  # the next error is its square
                break
        else:
            return None
    if not (s.min(initial=0.5) >= -_CLOSE and s.max(initial=0.5) <= 1.0 + _CLOSE):
        return None
    value = _horner(cy, s)
    middle = _horner(cy, np.full(len(x), 0.5))
    out = np.empty((len(x), n_epochs))
    out[:, 0], out[:, -1] = y[:, 0], y[:, -1]
    np.copyto(out[:, 1:-1], value)
    if not (value.min(initial=LOWEST) >= LOWEST and value.max(initial=HIGHEST) <= HIGHEST):
        missed = (value < LOWEST) | (value > HIGHEST)
        np.copyto(out[:, 1:-1], middle[:, None], where=missed)
    return out


def _turning_values(x: Floats, y: Floats, n_epochs: int) -> Floats:
    """The values of any curves."""
    to_power = _to_power_basis(x.shape[1] - 1)
    cx, cy = x @ to_power, y @ to_power
    row, low, high = _monotone_pieces(x, cx)

    epochs = np.arange(2.0, n_epochs)
    at_low, at_high = _horner(cx[row], low), _horner(cx[row], high)
    inside = (at_low[:, None] <= epochs) != (at_high[:, None] <= epochs)
    piece, epoch = np.nonzero(inside)
    start, below, above = _brackets(cx[row], low, high, piece, epochs[epoch])
    curve = row[piece]
    s = _solve(cx.T.take(curve, axis=1), epochs[epoch], start, below, above)
    value = _horner(cy.T.take(curve, axis=1).T, s)

    hit = (value >= LOWEST) & (value <= HIGHEST)
    curve, epoch, s, value = curve[hit], epoch[hit], s[hit], value[hit]
    out = np.empty((len(x), n_epochs))
    out[:] = _horner(cy, np.full(len(x), 0.5))[:, None]
    out[:, 0], out[:, -1] = y[:, 0], y[:, -1]
    if len(row) > len(x):
        order = last_is_first_found(x, y, curve, epoch, s, value)
        curve, epoch, value = curve[order], epoch[order], value[order]
    out[curve, epoch + 1] = value
    return out


def control_points(points: Floats, n_epochs: int) -> tuple[Floats, Floats]:
    """Coordinates x and y of the control points, each of shape (n_curves, degree + 1)."""
    n, width = points.shape
    inner = (width - 2) // 2
    x = np.concatenate(
        [np.ones((n, 1)), points[:, 2 : 2 + inner], np.full((n, 1), float(n_epochs))], axis=1
    )
    y = np.concatenate([points[:, :1], points[:, 2 + inner :], points[:, 1:2]], axis=1)
    return x, y


@cache
def _to_power_basis(degree: int) -> Floats:
    """Matrix from control points to the coefficients of s^0 .. s^degree."""
    matrix = np.zeros((degree + 1, degree + 1))
    for i in range(degree + 1):
        for k in range(i, degree + 1):
            matrix[i, k] = comb(degree, k) * comb(k, i) * (-1.0) ** (k - i)
    return matrix


@cache
def _grid_basis(degree: int) -> Floats:
    """Bernstein polynomials on the fine grid, of shape (degree + 1, 257)."""
    powers = _FINE_GRID ** np.arange(degree + 1)[:, None]
    return _to_power_basis(degree) @ powers


def _horner(coefficients: Floats, s: Floats) -> Floats:
    """Polynomial i at ``s[i]``; or at each of ``s[i, :]``."""
    columns = coefficients.T if s.ndim == 1 else coefficients.T[:, :, None]
    total = columns[-1] * s
    for column in columns[-2:0:-1]:
        total += column
        total *= s
    return np.asarray(total + columns[0])


def _monotone_pieces(x: Floats, cx: Floats) -> tuple[Ints, Floats, Floats]:
    """Curve, first and last s of every piece in which x(s) does not turn."""
    turns = (np.diff(x, axis=1) < 0.0).any(axis=1)  # else x rises with its control points
    straight, bent = np.flatnonzero(~turns), np.flatnonzero(turns)
    if not len(bent):
        return straight, np.zeros(len(straight)), np.ones(len(straight))
    ends = np.concatenate(
        [np.zeros((len(bent), 1)), _extrema(cx[bent]), np.ones((len(bent), 1))], axis=1
    )
    n_pieces = ends.shape[1] - 1
    row = np.concatenate([straight, np.repeat(bent, n_pieces)])
    low = np.concatenate([np.zeros(len(straight)), ends[:, :-1].reshape(-1)])
    high = np.concatenate([np.ones(len(straight)), ends[:, 1:].reshape(-1)])
    keep = high > low
    return row[keep], low[keep], high[keep]


def _extrema(cx: Floats) -> Floats:
    """Sorted s in [0, 1] that hold every extremum of x, as eigenvalues of companion matrices.

    Some are no extremum (the real part of a complex root, a clipped one): they only cut a monotone
    piece in two.
    """
    derivative = cx[:, 1:] * np.arange(1, cx.shape[1])
    largest = np.abs(derivative).max(axis=1)
    lead = derivative[:, -1]
    lead = np.where(np.abs(lead) < 1e-12 * largest, 1e-12 * largest, lead)  # a root far away
    n, size = derivative.shape
    companion = np.zeros((n, size - 1, size - 1))
    companion[:, np.arange(1, size - 1), np.arange(size - 2)] = 1.0
    companion[:, :, -1] = -derivative[:, :-1] / lead[:, None]
    return np.sort(np.clip(np.linalg.eigvals(companion).real, 0.0, 1.0), axis=1)


def _brackets(
    cx: Floats, low: Floats, high: Floats, piece: Ints, target: Floats
) -> tuple[Floats, Floats, Floats]:
    """For each target: a start, and the s on either side where x is below and above it."""
    grid = low[:, None] + (high - low)[:, None] * _GRID
    x = _horner(cx, grid)
    x[:, 0], x[:, -1] = _horner(cx, low), _horner(cx, high)
    falls = x[:, -1] < x[:, 0]
    x[falls], grid[falls] = x[falls, ::-1], grid[falls, ::-1]
    x = np.maximum.accumulate(x, axis=1)  # rounding may leave a flat piece not quite monotone
    cell = np.empty(len(piece), dtype=np.intp)
    first = np.searchsorted(piece, np.arange(len(low) + 1))
    for i in range(len(low)):
        part = slice(first[i], first[i + 1])
        cell[part] = x[i].searchsorted(target[part], side="right")
    np.clip(cell, 1, _N_CELLS, out=cell)
    cell += piece * (_N_CELLS + 1)
    x, grid = x.reshape(-1), grid.reshape(-1)
    before, after = x.take(cell - 1), x.take(cell)
    below, above = grid.take(cell - 1), grid.take(cell)
    width = np.where(after > before, after - before, 1.0)
    return below + (above - below) * ((target - before) / width), below, above


def _solve(columns: Floats, target: Floats, start: Floats, below: Floats, above: Floats) -> Floats:
    """The s between ``below`` and ``above`` where x(s) = target; ``columns`` holds x's powers.

    Plain Newton nearly always stays in the bracket. If it left it anywhere, all is done again with
    halving where Newton would leave.
    """
    s = start
    with np.errstate(all="ignore"):
        for _ in range(_FAST_ROUNDS):
            x, slope = _value_and_slope(columns, s)
            x -= target
            step = x / slope
            s = s - step
        if np.abs(step).max(initial=0.0) < _CLOSE and bool(
            ((s - below) * (s - above) <= _CLOSE**2).all()
        ):
            return s
    s = start
    for _ in range(_MAX_ROUNDS):
        x, slope = _value_and_slope(columns, s)
        x -= target
        under = x < 0.0
        below, above = np.where(under, s, below), np.where(under, above, s)
        step = np.divide(x, slope, out=np.full_like(x, np.inf), where=slope != 0.0)
        new = s - step
        outside = (new - below) * (new - above) > 0.0
        new = np.where(outside | ~np.isfinite(new), 0.5 * (below + above), new)
        moved = np.abs(new - s).max(initial=0.0)
        s = new
        if moved < _CLOSE:  # Newton's next error is its square
            break
    return s


def _value_and_slope(columns: Floats, s: Floats) -> tuple[Floats, Floats]:
    """X and dx/ds by Horner's scheme."""
    x, slope = columns[-1] * s, np.empty_like(s)
    slope[:] = columns[-1]
    for column in columns[-2:0:-1]:
        x += column
        slope *= s
        slope += x
        x *= s
    x += columns[0]
    return x, slope
