"""Which of several intersections upstream's library finds first; see :mod:`.intersect`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_STRAIGHT = 0.5**26
_MOST_HALVINGS = 31


def last_is_first_found(x: Floats, y: Floats, curve: Ints, epoch: Ints, s: Floats) -> Ints:
    """An order in which what upstream takes comes last among the roots of the same epoch."""
    cell = curve * (int(epoch.max(initial=0)) + 1) + epoch
    _, inverse, counts = np.unique(cell, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts[inverse] > 1)
    found = np.zeros(len(s), dtype=np.intp)
    found[several] = _round_found(x[curve[several]], y[curve[several]], s[several])
    return np.lexsort((s, found))[::-1]


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
