import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from surrogate.models import bezier

DONE = np.linspace(0.0, 1.0, 50)
LEARNING = np.stack(
    [0.9 - 0.8 * np.exp(-12 * DONE), 0.8 - 0.7 * np.exp(-7 * DONE) + 0.05 * DONE**3]
)

fractions = st.floats(0.0, 1.0)


def shapes_of_points(n_curves=3):
    return st.sampled_from(bezier.DEGREES).flatmap(
        lambda degree: hnp.arrays(np.float64, (4, 1 + n_curves, degree + 1), elements=fractions)
    )


def by_definition(points, n_epochs, n_fine=20_001):
    """The curve drawn finely and read at every epoch."""
    matrix = bezier.basis(np.linspace(0.0, 1.0, n_fine), points.shape[-1] - 1)
    fine = matrix @ points.T
    epochs = np.linspace(0.0, 1.0, n_epochs)
    return np.stack([np.interp(epochs, fine[:, 0], column) for column in fine.T[1:]])


@pytest.mark.parametrize("degree", bezier.DEGREES)
@pytest.mark.parametrize("n_epochs", [1, 2, 3, 4, 10, 50, 200])
def test_keeps_the_first_and_last_value(degree, n_epochs):
    curves = np.random.default_rng(n_epochs).random((3, n_epochs))
    found = bezier.evaluate(bezier.fit(curves, degree)[None], n_epochs)[0]
    np.testing.assert_allclose(found[:, [0, -1]], curves[:, [0, -1]], atol=1e-12)


@pytest.mark.parametrize(("degree", "most"), [(3, 0.025), (4, 0.01), (5, 0.005), (6, 0.005)])
@pytest.mark.parametrize("x", ["chords", "fixed"])
def test_fits_smooth_curves(degree, most, x):
    if x == "chords":
        points = bezier.fit(LEARNING, degree)
    else:
        points = bezier.fit_at(bezier.warped(degree, 2.0), LEARNING)
    assert np.abs(bezier.evaluate(points[None], 50)[0] - LEARNING).mean() < most


def test_recovers_a_bezier_curve_of_known_x():
    x = bezier.warped(4, 2.0)
    points = np.stack([x, [0.1, 0.7, 0.5, 0.9, 0.8]])
    curve = bezier.evaluate(points[None], 400)[0]
    np.testing.assert_allclose(bezier.fit_at(x, curve), points, atol=2e-3)


def test_noise_averages_out():
    rng = np.random.default_rng(0)
    noisy = LEARNING + 0.02 * rng.standard_normal(LEARNING.shape) * (1.0 - DONE)
    points = bezier.fit_at(bezier.warped(4, 2.0), noisy)
    assert np.abs(bezier.evaluate(points[None], 50)[0] - LEARNING).mean() < 0.01


def test_one_curve_needs_no_first_axis():
    np.testing.assert_array_equal(bezier.fit(LEARNING[0], 4), bezier.fit(LEARNING[:1], 4))


@settings(deadline=None)
@given(shapes_of_points(), st.integers(1, 250))
def test_every_epoch_has_a_value_within_the_control_values(points, n_epochs):
    points[:, 0] = bezier.rising(points[:, 0])
    found = bezier.evaluate(points, n_epochs)
    assert found.shape == (4, 3, n_epochs)
    lowest, highest = points[:, 1:].min(axis=2), points[:, 1:].max(axis=2)
    assert (found >= lowest[..., None] - 1e-12).all()
    assert (found <= highest[..., None] + 1e-12).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 200))
def test_reads_what_the_definition_says(seed, n_epochs):
    rng = np.random.default_rng(seed)
    degree = int(rng.integers(3, 7))
    points = rng.random((2, 3, degree + 1))
    points[:, 0] = bezier.rising(np.sort(points[:, 0], axis=1))
    found = bezier.evaluate(points, n_epochs)
    for row, expected in zip(points, found, strict=True):
        np.testing.assert_allclose(by_definition(row, n_epochs), expected, atol=2e-3)


@given(hnp.arrays(np.float64, (5, 6), elements=st.floats(-10.0, 10.0)))
def test_rising_goes_from_0_to_1_without_falling(x):
    found = bezier.rising(x)
    assert (found[:, 0] == 0.0).all()
    assert (found[:, -1] == 1.0).all()
    assert (np.diff(found, axis=1) >= 0.0).all()


def test_rising_leaves_rising_values_alone():
    x = np.array([0.0, 0.1, 0.1, 0.7, 1.0])
    np.testing.assert_array_equal(bezier.rising(x), x)


@pytest.mark.parametrize("n_epochs", [1, 2, 50, 200])
def test_reader_is_evaluate_at_fixed_x(n_epochs):
    points = bezier.fit_at(bezier.warped(5, 2.5), LEARNING)
    read = points[1:] @ bezier.reader(points[0], n_epochs)
    np.testing.assert_allclose(read, bezier.evaluate(points[None], n_epochs)[0], atol=1e-3)


def test_a_fit_can_be_read_at_another_length():
    points = bezier.fit(LEARNING, 5)
    short = bezier.evaluate(points[None], 25)[0]
    long = bezier.evaluate(points[None], 49)[0]
    np.testing.assert_allclose(short, long[:, ::2], atol=1e-3)


@pytest.mark.parametrize(
    ("curves", "degree", "message"),
    [
        (LEARNING, 2, "degree must be one of"),
        (LEARNING, 7, "degree must be one of"),
        ([0.1, np.nan], 3, "be finite"),
        ([], 3, "must have shape"),
        (np.zeros((1, 2, 3)), 3, "must have shape"),
    ],
)
def test_refuses_what_cannot_be_fitted(curves, degree, message):
    with pytest.raises(ValueError, match=message):
        bezier.fit(curves, degree)
