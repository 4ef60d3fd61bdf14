"""The order of several intersections, against values of upstream's library and a slow search."""

import itertools

import numpy as np
import pytest

from surrogate.official.intersect import control_points, curve_values

# From bezier 2024.6.20, with the segment that upstream gives it: Curve.from_nodes([[epoch] * 3,
# [-10, 50, 100]]). Points (first, last, inner x, inner y), epochs, epoch, value.
REFERENCE = [
    (
        [100.0, 30.7, 87.8, 171.3, 73.1, -16.4, 15.8, -9.2, -25.0, 125.8],
        100,
        93,
        14.304193002412546,
    ),
    ([44.7, 58.8, 49.6, -68.9, 100.1, 63.2, 107.8, -56.5, 62.3, 77.6], 100, 13, 36.938155281371614),
    (
        [81.8, 35.3, 125.6, 104.9, 76.5, 16.9, 122.9, -11.9, -77.7, 61.6],
        100,
        87,
        14.054855496225182,
    ),
    ([8.5, 98.8, 76.1, 46.0, -13.8, 28.3, -24.9, 228.0, 78.0, -53.2], 50, 25, 41.68387480938083),
    ([91.0, 6.7, 181.2, -85.0, -59.4, 379.1, -79.1, 6.3, 88.5, 36.9], 200, 53, 0.9919428609980306),
    ([28.7, 7.3, -2.3, 167.2, 20.7, -22.0, 49.9, 78.1, -55.6, 92.5], 100, 61, 33.30963236131962),
]


@pytest.mark.parametrize(("points", "n_epochs", "epoch", "value"), REFERENCE)
def test_takes_what_the_library_finds_first(points, n_epochs, epoch, value):
    curve = curve_values(np.array([points]), n_epochs)[0]
    assert curve[epoch - 1] == pytest.approx(value, abs=1e-8)


def halves(nodes):
    left, right = [nodes[:, 0]], [nodes[:, -1]]
    while nodes.shape[1] > 1:
        nodes = 0.5 * (nodes[:, :-1] + nodes[:, 1:])
        left.append(nodes[:, 0])
        right.append(nodes[:, -1])
    return np.stack(left, axis=1), np.stack(right[::-1], axis=1)


def straight(nodes):
    degree = nodes.shape[1] - 1
    bend = np.abs(np.diff(nodes, 2, axis=1)).max(axis=1, initial=0.0)
    return degree * (degree - 1) / 8.0 * np.hypot(*bend) < 2.0**-26


def boxes_meet(one, other):
    return (one.min(axis=1) <= other.max(axis=1)).all() and (
        other.min(axis=1) <= one.max(axis=1)
    ).all()


def searched(curve, epoch):
    """The y of the first intersection by halving, None if there is none."""
    segment = np.array([[epoch] * 3, [-10.0, 50.0, 100.0]])
    pairs = [(curve, segment)]
    for _ in range(40):
        met = [pair for pair in pairs if boxes_meet(*pair)]
        pairs = []
        for part, piece in met:
            if straight(part) and straight(piece):
                (x0, y0), (x1, y1) = part[:, 0], part[:, -1]
                s = (epoch - x0) / (x1 - x0)
                if 0.0 <= s <= 1.0:  # the boxes are tiny: it then meets the piece, too
                    return y0 + s * (y1 - y0)
                continue
            both = [[p] if straight(p) else halves(p) for p in (part, piece)]
            pairs += itertools.product(*both)
        if not pairs:
            return None
    raise AssertionError("the search must end")


@pytest.mark.parametrize("degree", [3, 4, 5, 6])
def test_takes_what_a_search_by_halving_finds_first(degree):
    rng = np.random.default_rng(degree)
    for _ in range(60):
        points = np.hstack(
            [
                rng.uniform(0.0, 100.0, 2),
                rng.normal(25.0, 40.0, degree - 1),
                rng.normal(50.0, 60.0, degree - 1),
            ]
        )
        x, y = control_points(points[None], 50)
        found = curve_values(points[None], 50)[0]
        for epoch in rng.choice(np.arange(2, 50), 3, replace=False):
            wanted = searched(np.stack([x[0], y[0]]), float(epoch))
            if wanted is None:
                wanted = found_at_half(y[0])
            assert found[epoch - 1] == pytest.approx(wanted, abs=1e-5)


def found_at_half(y):
    while len(y) > 1:
        y = 0.5 * (y[:-1] + y[1:])
    return y[0]
