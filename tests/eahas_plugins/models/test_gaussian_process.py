import numpy as np
import pytest
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from eahas_plugins.models.gaussian_process import (
    ArdProcess,
    GridProcess,
    log_expected_improvement,
    next_steps,
)
from eahas_plugins.transfer.prior_mean import PriorMeanProcess


def test_process_predicts_what_scikit_learn_predicts():
    rng = np.random.default_rng(0)
    x, new = rng.random((30, 3)), rng.random((50, 3))
    y = np.sin(4.0 * x[:, 0]) + 0.5 * x[:, 1]
    process = ArdProcess(3)
    process.fit(x, y)
    lengths, noise = np.exp(process.theta[:-1]), np.exp(process.theta[-1]) + 1e-6
    expected = GaussianProcessRegressor(Matern(lengths, nu=2.5), alpha=noise, optimizer=None)
    expected.fit(x, (y - y.mean()) / y.std())
    mean, deviation = expected.predict(new, return_std=True)
    found = process.predict(new)
    np.testing.assert_allclose(found[0], y.mean() + y.std() * mean, atol=1e-6)
    np.testing.assert_allclose(found[1], y.std() * deviation, atol=1e-4)
    assert lengths[2] > 2.0 * lengths[0]  # the third says nothing


def test_short_trainings_tell_of_long_ones_how_far_they_are_alike():
    rng = np.random.default_rng(5)
    x, new = rng.random((40, 2)), rng.random((30, 2))

    def value(points):
        return np.sin(4.0 * points[:, 0]) + points[:, 1]

    level = np.r_[np.zeros(35), np.ones(5)]
    wrong = {}
    for name, short in (("alike", value(x) - 2.0), ("unlike", rng.standard_normal(40))):
        process = ArdProcess(3, levels=True)
        for _ in range(5):
            process.fit(np.column_stack([x, level]), np.where(level == 1.0, value(x), short))
        mean, deviation = process.predict(np.column_stack([new, np.ones(30)]))
        wrong[name] = float(np.abs(mean - value(new)).mean()), float(deviation.mean())
    assert wrong["alike"][0] < 0.1
    assert wrong["unlike"][1] > 3.0 * wrong["alike"][1]


def test_fantasising_a_pending_point_changes_the_doubt_and_not_the_mean():
    rng = np.random.default_rng(1)
    x = rng.random((12, 2))
    process = ArdProcess(2)
    process.fit(x, x[:, 0])
    place = np.array([[0.5, 0.5]])
    before = process.predict(place)
    process.fantasise(place)
    after = process.predict(place)
    assert after[0] == pytest.approx(before[0], abs=1e-3)
    assert after[1] < before[1]


def test_without_noise_a_value_is_believed_and_noise_is_noticed():
    rng = np.random.default_rng(2)
    x = rng.random((40, 2))
    exact = np.sin(5.0 * x[:, 0]) + x[:, 1]
    spreads = {}
    for noise in (0.0, 0.3):
        process = ArdProcess(2)
        values = exact + noise * rng.standard_normal(len(x))
        for _ in range(5):
            process.fit(x, values)
        spreads[noise] = float(np.exp(process.theta[-1])) ** 0.5 * values.std()
    assert spreads[0.0] < 0.02
    assert 0.2 < spreads[0.3] < 0.4


def test_expected_improvement():
    mean, deviation = np.array([0.0, 1.0, -3.0, -1.0]), np.array([1.0, 0.5, 0.5, 0.1])
    u = mean / deviation
    expected = mean * norm.cdf(u) + deviation * norm.pdf(u)
    found = log_expected_improvement(mean, deviation, 0.0)
    np.testing.assert_allclose(found[:2], np.log(expected[:2]), rtol=1e-9)
    np.testing.assert_allclose(found[2:], np.log(expected[2:]), rtol=0.05)
    assert np.isfinite(log_expected_improvement(np.array([-1e3]), np.array([1e-3]), 0.0)).all()


@pytest.mark.parametrize(("n_trials", "n_steps"), [(8, 8), (50, 8), (100, 4), (200, 2), (900, 2)])
def test_many_trials_take_fewer_steps_of_the_fit(n_trials, n_steps):
    assert next_steps(n_trials) == n_steps


def test_a_process_on_a_grid_interpolates_and_knows_what_it_does_not_know():
    rng = np.random.default_rng(0)
    x = rng.random((60, 2))
    process = GridProcess(x, np.sin(3 * x[:, 0]) + x[:, 1])
    mean, deviation = process.predict(x[:5])
    np.testing.assert_allclose(mean, np.sin(3 * x[:5, 0]) + x[:5, 1], atol=0.05)
    _, far = process.predict(np.full((1, 2), 9.0))
    assert far[0] > 3 * deviation.max()


@pytest.mark.parametrize("kind", [ArdProcess, PriorMeanProcess])
@pytest.mark.parametrize("levels", [False, True])
def test_shorter_lengths_doubt_more_far_from_what_is_known(kind, levels):
    rng = np.random.default_rng(6)
    x = np.column_stack([0.5 * rng.random((12, 2)), np.ones(12), rng.random(12)])
    x = x if kind is PriorMeanProcess else x[:, :3]
    process = kind(x.shape[1], levels=levels)
    process.fit(x, x[:, 0] + x[:, 1])
    far = x[:1] + np.array([0.5, 0.5, *np.zeros(x.shape[1] - 2)])
    theta, before = process.theta.copy(), process.predict(far)
    doubting = process.with_lengths(0.5)
    np.testing.assert_array_equal(process.theta, theta)
    np.testing.assert_array_equal(process.predict(far), before)
    n_lengths = 2 if levels else 3
    np.testing.assert_allclose(doubting.theta[:n_lengths], theta[:n_lengths] - np.log(2.0))
    np.testing.assert_array_equal(doubting.theta[n_lengths:], theta[n_lengths:])
    assert doubting.predict(far)[1] > 1.1 * before[1]
    np.testing.assert_allclose(doubting.predict(x)[0], process.predict(x)[0], atol=0.1)
    np.testing.assert_array_equal(process.with_lengths(1.0).predict(far), before)
