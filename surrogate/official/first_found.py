"""Which of several intersections upstream's library finds first; see :mod:`.intersect`.

The library halves both curves, round by round, until their parts are straight to 2^-26, and then
intersects lines. Of the pairs of halves of one round it looks at the one with the smaller s first,
then at the one with the smaller t, which is the place on the vertical segment. So a root is found
in the round in which the later of its two parts becomes straight, and of two in one round the one
comes first whose path through the halvings (s, t, s, t, ...) does.

Upstream gives the segment three control points, at -10, 50 and 100 %, so it is no straight line to
the library but a parabola in t, whose parts are straight after 14 halvings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_STRAIGHT = 0.5**26
_MOST_HALVINGS = 31
_SEGMENT_HALVINGS = 14
"""Of a second difference of 10: 0.125 * 2 * 1 * 10 / 4^14 is the first below 2^-26."""


def last_is_first_found(
    x: Floats, y: Floats, curve: Ints, epoch: Ints, s: Floats, value: Floats
) -> Ints:
    """An order in which what upstream takes comes last among the roots of the same epoch.

    Args:
        x: Control points of the curves, of shape (n_curves, degree + 1).
        y: Likewise.
        curve: The curve of each root.
        epoch: Its epoch.
        s: Its place on the curve.
        value: The curve's y there, percent.
    """
    cell = curve * (int(epoch.max(initial=0)) + 1) + epoch
    _, inverse, counts = np.unique(cell, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts[inverse] > 1)
    found, path = np.zeros(len(s), dtype=np.intp), np.zeros(len(s), dtype=np.int64)
    straight = _round_found(x[curve[several]], y[curve[several]], s[several])
    found[several] = np.maximum(straight, _SEGMENT_HALVINGS)
    path[several] = _path(s[several], value[several])
    return np.lexsort((path, found))[::-1]


def _path(s: Floats, value: Floats) -> NDArray[np.int64]:
    """The halves that hold a root, as bits: of s and of t in turn, those of the first round first.

    On the segment ``-10 (1 - t)^2 + 2 * 50 t (1 - t) + 100 t^2`` = ``-10 + 120 t - 10 t^2``.
    """
    t = 6.0 - np.sqrt(36.0 - (value + 10.0) / 10.0)
    finest = 2**_MOST_HALVINGS
    in_s, in_t = (np.clip(u * finest, 0, finest - 1).astype(np.int64) for u in (s, t))
    path = np.zeros(len(s), dtype=np.int64)
    for halving in range(1, _MOST_HALVINGS + 1):
        shift = _MOST_HALVINGS - halving
        path = 2 * path + ((in_s >> shift) & 1)
        path = 2 * path + (((in_t >> shift) & 1) if halving <= _SEGMENT_HALVINGS else 0)
    return path


def _round_found(x: Floats, y: Floats, s: Floats) -> Ints:
    """After how many halvings the dyadic part of the curve around s counts as straight."""
    degree = x.shape[1] - 1
    second = np.stack([np.diff(x, 2, axis=1), np.diff(y, 2, axis=1)])
    fewest = np.zeros(len(s), dtype=np.intp)
    most = np.full(len(s), _MOST_HALVINGS, dtype=np.intp)
    while (fewest < most).any():  # the parts are nested, so each is straighter than the one before
        halvings = (fewest + most) // 2
        width = 0.5**halvings
        low = np.minimum(np.floor(s / width) * width, 1.0 - width)
        worst = np.abs(_restrict(second, low, low + width)).max(axis=2) * width**2
        straight = 0.125 * degree * (degree - 1) * np.hypot(worst[0], worst[1]) < _STRAIGHT
        most = np.where(straight, halvings, most)
        fewest = np.where(straight, fewest, np.minimum(halvings + 1, most))
    return most


def _restrict(controls: Floats, low: Floats, high: Floats) -> Floats:
    """Control points of the part [low, high] of Bezier curves, by blossoming."""
    degree = controls.shape[2] - 1
    out = np.empty_like(controls)
    for k in range(degree + 1):
        level = controls
        for i in range(degree):
            t = (high if i < k else low)[:, None]
            level = (1.0 - t) * level[..., :-1] + t * level[..., 1:]
        out[..., k] = level[..., 0]
    return out
