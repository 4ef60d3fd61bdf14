from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surrogate.official.intersect import _turning_values, control_points, curve_values

# From bezier 2024.6.20: Curve.intersect with the segment (epoch, -10) .. (epoch, 100), first one
# taken, y(0.5) if there is none. Points (first, last, inner x, inner y), epochs, epoch, value.
REFERENCE: list[tuple[list[float], int, int, float]] = [
    ([17.0, 46.6, -156.7, 242.4, 147.6, 132.6], 200, 108, 113.02499999999999),
    ([39.5, 91.3, -103.3, -62.0, 57.9, 142.3], 50, 32, 98.58111357587208),
    ([49.9, 60.1, -5.6, 7.1, 134.9, -45.2], 50, 35, 32.55239192576604),
    ([28.8, 38.8, 93.5, -22.4, 101.9, 53.0], 50, 26, 59.42765565686037),
    ([34.6, 57.1, 78.0, -126.9, 52.6, -19.6], 50, 15, 37.39046459484204),
    ([23.1, 82.5, -238.4, 410.2, -54.2, -22.0, -39.2, -3.0], 200, 70, -14.350000000000001),
    ([46.2, 47.5, 128.5, 81.2, -298.8, 5.9, 122.4, 64.9], 200, 144, 49.81866872426009),
    ([69.7, 33.9, 65.2, 113.3, -38.7, 36.5, 85.1, -48.5], 100, 4, 68.2070403071726),
    ([9.9, 58.1, 219.3, 30.7, -299.4, -25.1, 51.0, 57.2], 200, 40, 22.0653695235549),
    ([24.1, 36.3, 67.6, 70.4, 2.0, 96.1, 84.5, -33.3], 50, 44, 42.99920815857829),
    (
        [35.2, 3.6, 2.6, 302.2, 205.4, 58.5, -41.3, -10.3, 21.7, -36.5],
        200,
        145,
        -7.3812500000000005,
    ),
    ([91.6, 35.3, 81.7, 153.3, -23.5, 67.4, 145.7, 112.9, 60.5, 137.6], 100, 15, 102.41875),
    (
        [58.0, 59.1, -76.5, 221.5, 70.9, -17.9, 27.9, -43.5, -46.1, -38.1],
        100,
        2,
        30.077815942708895,
    ),
    (
        [58.7, 8.1, -120.4, 57.2, -145.4, 156.4, 37.5, -58.5, 57.9, 33.0],
        200,
        37,
        23.444457037565975,
    ),
    ([17.8, 93.1, 21.3, 43.5, 56.8, -63.7, 83.2, -8.9, 70.4, 126.8], 50, 17, 71.68157752601367),
    ([52.1, 51.8, 37.2, 1.9, -27.6, 36.3, 82.7, 68.1, 127.6, 115.1], 50, 8, 86.40691262674919),
    (
        [65.3, 14.2, 173.9, 57.2, -324.4, 21.0, 106.2, 70.7, 104.7, 149.2],
        100,
        63,
        80.65967140348197,
    ),
    ([98.9, 0.5, 54.8, 67.0, 44.4, -24.2, -9.1, 24.0, -32.0, 59.0], 50, 33, 9.977500793163198),
    (
        [76.1, 83.1, -70.2, 701.9, 38.7, -145.8, 26.4, 137.9, 124.2, 26.1, 148.0, 132.2],
        200,
        126,
        99.7625,
    ),
    (
        [83.7, 27.5, 10.7, -235.7, -212.1, 182.8, -54.5, -42.1, 45.7, 128.9, 98.7, 148.3],
        200,
        30,
        85.81875000000001,
    ),
    (
        [19.2, 37.1, -80.3, -34.5, 263.5, 58.5, 15.3, 31.0, 84.6, 82.7, -23.3, 59.1],
        100,
        28,
        54.76997414736484,
    ),
    (
        [48.7, 16.0, -3.6, -356.7, -65.3, 163.3, 252.6, 23.8, -33.3, -53.2, 22.2, 62.5],
        200,
        25,
        -1.3826264456072677,
    ),
    (
        [49.6, 77.1, 342.4, 27.3, 49.1, 54.6, -121.0, 104.2, -45.2, -46.1, -39.2, 19.7],
        200,
        84,
        59.32399097975785,
    ),
    (
        [92.0, 6.2, -98.6, 104.2, 11.5, 0.7, -90.6, 3.8, 75.1, 35.9, -6.6, -44.6],
        50,
        3,
        14.476176337318233,
    ),
    (
        [25.1, 44.6, 631.5, -133.9, 248.0, 509.3, -28.4, 149.1, 7.7, -5.9, -43.9, -17.0],
        200,
        165,
        1.48834046374267,
    ),
    (
        [35.5, 55.0, 70.4, -30.4, 30.5, 14.3, -59.7, 84.1, 83.9, 54.3, 62.3, -18.6],
        50,
        9,
        61.60328675926822,
    ),
]


@pytest.mark.parametrize(("points", "n_epochs", "epoch", "value"), REFERENCE)
def test_takes_the_intersection_that_the_library_takes(
    points: list[float], n_epochs: int, epoch: int, value: float
) -> None:
    curve = curve_values(np.array([points]), n_epochs)[0]
    assert curve[epoch - 1] == pytest.approx(value, abs=1e-8)


def bernstein(controls: np.ndarray) -> np.polynomial.Polynomial:
    degree = len(controls) - 1
    s = np.polynomial.Polynomial([0.0, 1.0])
    level = [np.polynomial.Polynomial([c]) for c in controls]
    for _ in range(degree):
        level = [(1 - s) * a + s * b for a, b in pairwise(level)]
    return level[0]


coordinate = st.floats(-300.0, 500.0, allow_nan=False).map(lambda v: round(v, 2))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    ends=st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 100.0)),
    inner=st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=5),
    n_epochs=st.sampled_from([2, 3, 50, 200]),
)
def test_every_value_is_that_of_a_root_or_the_fallback(
    ends: tuple[float, float], inner: list[tuple[float, float]], n_epochs: int
) -> None:
    points = np.array([[*ends, *(x for x, _ in inner), *(y for _, y in inner)]])
    curve = curve_values(points, n_epochs)[0]
    assert (curve[0], curve[-1]) == ends
    x, y = (bernstein(c[0]) for c in control_points(points, n_epochs))
    for epoch in range(2, n_epochs, 17):
        roots = [
            (r.real, y(r.real))
            for r in (x - epoch).roots()
            if abs(r.imag) < 1e-5 and -1e-5 <= r.real <= 1 + 1e-5
        ]
        candidates = [value for _, value in roots if -10.0 - 1e-2 <= value <= 100.0 + 1e-2]
        if not candidates or any(
            abs(value - limit) < 1e-2 for limit in (-10.0, 100.0) for _, value in roots
        ):
            candidates.append(y(0.5))
        # near a double root, s is known to the square root of the precision only
        assert min(abs(curve[epoch - 1] - value) for value in candidates) < 1e-2


def test_many_curves_at_once_equal_one_by_one() -> None:
    rng = np.random.default_rng(3)
    points = np.hstack(
        [rng.uniform(0, 100, (40, 2)), rng.normal(50, 60, (40, 3)), rng.uniform(-20, 120, (40, 3))]
    )
    together = curve_values(points, 100)
    for row, alone in zip(together, points, strict=True):
        np.testing.assert_allclose(row, curve_values(alone[None], 100)[0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("degree", [3, 4, 5, 6])
@pytest.mark.parametrize("n_epochs", [2, 3, 200])
def test_the_short_way_for_rising_curves_equals_the_long_one(degree: int, n_epochs: int) -> None:
    rng = np.random.default_rng(degree)
    inner_x = np.sort(rng.uniform(1.0, n_epochs, (60, degree - 1)), axis=1)
    inner_x[:5] = 1.0  # as steep as it gets
    inner_y = rng.normal(50.0, 60.0, (60, degree - 1))  # some leave -10 .. 100
    points = np.hstack([rng.uniform(0.0, 100.0, (60, 2)), inner_x, inner_y])
    long = _turning_values(*control_points(points, n_epochs), n_epochs)
    np.testing.assert_allclose(curve_values(points, n_epochs), long, rtol=0, atol=1e-9)


def test_a_rising_straight_line_is_followed_exactly() -> None:
    inner = np.array([1 + 199 / 4, 1 + 199 / 2, 1 + 3 * 199 / 4, 75.0, 50.0, 25.0])
    curve = curve_values(np.array([[100.0, 0.0, *inner]]), 200)[0]
    np.testing.assert_allclose(curve, np.linspace(100.0, 0.0, 200), atol=1e-9)
