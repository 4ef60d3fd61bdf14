"""The likelihood that a fit climbs, beside the same by its definition."""

import numpy as np
import pytest

from eahas_plugins.models.gaussian_process import ArdProcess, matern, squared_distances
from eahas_plugins.models.likelihood import Likelihood, inverse_of_lower

_JITTER = 1e-6


def _points(n, rng):
    """Two numbers, of which some points share both, a choice of two, and a feature that is one."""
    x = np.column_stack([rng.random((n, 2)), rng.integers(0, 2, n), np.full(n, 0.5)])
    x[n // 2 :] = x[: n - n // 2]
    return x


def _by_definition(theta, x, short, z):
    lengths = theta[: x.shape[1]]
    scaled = x / np.exp(lengths)
    matrix = matern(np.sqrt(5.0 * squared_distances(scaled, scaled)))
    if short is not None:
        both = np.outer(short, short)
        matrix = matrix * (1.0 + np.exp(theta[-2]) * both) + both
    matrix = matrix + (np.exp(theta[-1]) + _JITTER) * np.eye(len(z))
    return 0.5 * z @ np.linalg.solve(matrix, z) + 0.5 * np.linalg.slogdet(matrix)[1]


@pytest.mark.parametrize("n", [2, 3, 30, 49, 150])
@pytest.mark.parametrize("levels", [False, True])
def test_it_is_the_likelihood_of_the_values_and_its_slope_is_its_slope(n, levels):
    rng = np.random.default_rng(n)
    x, z = _points(n, rng), rng.standard_normal(n)
    short = rng.integers(0, 2, n).astype(float) if levels else None
    likelihood = Likelihood(x, short, z, jitter=_JITTER)
    theta = np.append(0.3 * rng.standard_normal(x.shape[1] + levels), -2.0)
    loss, slope = likelihood(theta)
    assert loss == pytest.approx(_by_definition(theta, x, short, z), rel=1e-6)
    steps = 1e-5 * np.eye(len(theta))
    expected = [(likelihood(theta + s)[0] - likelihood(theta - s)[0]) / 2e-5 for s in steps]
    np.testing.assert_allclose(slope, expected, rtol=1e-5, atol=1e-6)
    assert slope[3] == 0.0  # a length of what is everywhere the same


def test_the_most_certain_fit_to_points_that_repeat_is_one():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.random((50, 3)), 4, axis=0)
    process = ArdProcess(3)
    process.fit(x, x[:, 0])
    assert np.isfinite(process.theta).all()
    np.testing.assert_allclose(process.predict(x)[0], x[:, 0], atol=0.05)


@pytest.mark.parametrize("n", [1, 2, 48, 49, 97, 200])
def test_the_inverse_of_a_triangular_matrix_is_its_inverse(n):
    rng = np.random.default_rng(n)
    factor = np.tril(rng.standard_normal((n, n))) / n + np.eye(n)
    np.testing.assert_allclose(inverse_of_lower(factor) @ factor, np.eye(n), atol=1e-9)
