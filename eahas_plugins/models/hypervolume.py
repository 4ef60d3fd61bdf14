"""The front of several objectives, the volume it dominates, and what a new point would add to it.

Points are rows, larger is better in every column.

References:
    Emmerich et al. (2006), Single- and multiobjective evolutionary optimization assisted by
    Gaussian random field metamodels (expected hypervolume improvement).
    Yang et al. (2019), Efficient computation of expected hypervolume improvement using box
    decomposition algorithms ("Y" below).
    Ishibuchi et al. (2018), How to specify a reference point in hypervolume calculation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.gaussian_process import log_expected_improvement

Floats = NDArray[np.float64]

MARGIN = 0.1
"""How far the reference point lies behind the front, in parts of the front's extent."""

_AT_ONCE = 200
"""Points that are compared with all others at once, so that few trials and many fit in memory."""
_LEAST = 1e-300  # whose logarithm is a number


def non_dominated(points: Floats) -> NDArray[np.bool_]:
    """Which points no other one dominates, of shape (n,); of equal points all are.

    A point with NaN is never one of them.
    """
    found = np.zeros(len(points), dtype=bool)
    rest = np.flatnonzero(~np.isnan(points).any(axis=1))
    rest = rest[np.lexsort(-points[rest].T[::-1])]  # nothing dominates the first one
    while len(rest):
        best = points[rest[0]]
        found[rest[(points[rest] == best).all(axis=1)]] = True
        rest = rest[(points[rest] > best).any(axis=1)]
    return found


def n_dominating(points: Floats) -> NDArray[np.int64]:
    """By how many others each point is dominated, of shape (n,)."""
    found = np.zeros(len(points), dtype=np.int64)
    for at in range(0, len(points), _AT_ONCE):
        some = points[at : at + _AT_ONCE]
        no_worse = np.ones((len(points), len(some)), dtype=bool)
        better = ~no_worse
        for column, own in zip(points.T, some.T, strict=True):
            no_worse &= column[:, None] >= own
            better |= column[:, None] > own
        found[at : at + _AT_ONCE] = (no_worse & better).sum(axis=0)
    return found


def reference_point(points: Floats) -> Floats:
    """A point behind the front of some points, of shape (m,), from which its volume is measured.

    It lies `MARGIN` of the front's extent behind its worst values, so that the ends of the front
    count as well (Ishibuchi et al., section 4); where the front has no extent, that of all points
    is taken.
    """
    front = points[non_dominated(points)]
    extent = front.max(axis=0) - front.min(axis=0)
    everywhere = points.max(axis=0) - points.min(axis=0)
    extent = np.where(extent > 0.0, extent, np.where(everywhere > 0.0, everywhere, 1.0))
    return np.asarray(front.min(axis=0) - MARGIN * extent)


def behind_most(reference: Floats, first: Floats) -> Floats:
    """The reference point moved back behind three quarters of a search's first points.

    A front may shrink to a corner, such as the cheapest networks of all. Measured from right behind
    it, nothing outside the corner would ever add to it. The first points were drawn everywhere,
    later ones follow the front.
    """
    return np.asarray(np.minimum(reference, np.quantile(first, 0.25, axis=0)))


def hypervolume(points: Floats, reference: Floats) -> float:
    """The volume that points dominate above a reference point.

    Args:
        points: Array of shape (n, m); what does not exceed the reference adds nothing.
        reference: Array of shape (m,).
    """
    above = points[(points > reference).all(axis=1)]
    if not len(above):
        return 0.0
    if points.shape[1] == 1:
        return float(above.max() - reference[0])
    # Slices between the values of the last objective, from the top: each is as thick as the step
    # to the next value, and as large as the volume of what reaches it.
    above = above[np.argsort(-above[:, -1], kind="stable")]
    heights = np.append(above[:, -1], reference[-1])
    if points.shape[1] == 2:
        widths = np.maximum.accumulate(above[:, 0]) - reference[0]
        return float(np.sum(widths * -np.diff(heights)))
    return float(
        sum(
            hypervolume(above[: i + 1, :-1], reference[:-1]) * (heights[i] - heights[i + 1])
            for i in range(len(above))
            if heights[i] > heights[i + 1]
        )
    )


def contributions(points: Floats, reference: Floats) -> Floats:
    """What each point adds to the volume of the others, of shape (n,)."""
    total = hypervolume(points, reference)
    others = [hypervolume(np.delete(points, i, axis=0), reference) for i in range(len(points))]
    return total - np.array(others)


class Front:
    """The space that a front does not dominate, in boxes without an upper end.

    A grid through the front's points divides all objectives but the last; above each of its cells
    lies a column that begins where the front ends (Y section 3, for any number of objectives: the
    grid has more cells than need be, but they are one array).

    Args:
        points: Array of shape (n, m), m at least 2; may be empty.
        reference: Array of shape (m,); what does not exceed it counts as dominated.
    """

    def __init__(self, points: Floats, reference: Floats) -> None:
        above = points[(points > reference).all(axis=1)]
        above = above[non_dominated(above)]
        self.reference = reference
        self._edges = [
            np.unique(np.append(above[:, d], reference[d])) for d in range(len(reference) - 1)
        ]
        floor = np.full([len(edges) for edges in self._edges], reference[-1])
        # Above its lower edges a cell is dominated as high as the points that exceed them all.
        for point in above:
            covered = np.ix_(*(edges < point[d] for d, edges in enumerate(self._edges)))
            floor[covered] = np.maximum(floor[covered], point[-1])
        self._heights, self._height_of = np.unique(floor, return_inverse=True)
        self._height_of = self._height_of.reshape(floor.shape)

    def log_improvement(self, mean: Floats, deviation: Floats) -> Floats:
        """Log of the expected hypervolume improvement of independent normal points, shape (n,).

        The volume that a point y adds is that of all z <= y which nothing dominates; its mean is
        the integral of the product over the objectives of P(y_d > z_d), and in a box that is a
        product of differences of one-dimensional expected improvements (Y eq. 11).

        Args:
            mean: Array of shape (n, m).
            deviation: Array of shape (n, m); 0 where an objective is known.
        """
        m = len(self.reference)
        cells = np.ones((len(mean), 1))
        for d, edges in enumerate(self._edges):
            above = _expected_excess(mean[:, d], deviation[:, d], edges)
            share = above - np.concatenate([above[:, 1:], np.zeros((len(mean), 1))], axis=1)
            cells = (cells[:, :, None] * share[:, None, :]).reshape(len(mean), -1)
        last = _expected_excess(mean[:, m - 1], deviation[:, m - 1], self._heights)
        volume = (cells * last[:, self._height_of.ravel()]).sum(axis=1)
        return np.asarray(np.log(np.maximum(volume, _LEAST)))


def _expected_excess(mean: Floats, deviation: Floats, thresholds: Floats) -> Floats:
    """Expected value of what exceeds each threshold, of shape (n, n_thresholds)."""
    known = deviation <= 0.0
    spread = np.where(known, 1.0, deviation)[:, None]
    shifted = mean[:, None] - thresholds
    uncertain = log_expected_improvement(shifted, np.broadcast_to(spread, shifted.shape), 0.0)
    return np.asarray(np.where(known[:, None], np.maximum(shifted, 0.0), np.exp(uncertain)))
