import numpy as np
import pytest

from eahas_plugins.models.gain import expected_gain
from eahas_plugins.models.values import transformed


@pytest.mark.parametrize(
    ("rewards", "to_reward"),
    [
        ([0.5, 0.7, 0.8], lambda y: 1.0 - np.exp(-y)),  # accuracies
        ([-0.5, -0.3, -0.2], lambda y: -np.exp(-y)),  # losses
        ([-0.5, 3.0, 2.0], lambda y: y),  # anything else
    ],
)
def test_it_is_the_mean_improvement_in_units_of_the_objective(rewards, to_reward):
    rewards = np.array(rewards)
    best = float(transformed(rewards).max())
    mean, deviation = best + np.array([-1.0, 0.0, 0.5]), np.array([0.5, 1.0, 0.2])
    found = expected_gain(mean, deviation, best, rewards=rewards)
    draws = np.random.default_rng(0).standard_normal((400_000, 3)) * deviation + mean
    expected = np.maximum(to_reward(draws) - to_reward(best), 0.0).mean(axis=0)
    np.testing.assert_allclose(found, expected, rtol=0.03, atol=1e-5)


def test_it_is_never_negative_and_never_infinite():
    rewards = np.array([0.1, 0.9])
    found = expected_gain(np.array([-800.0, 5.0]), np.array([30.0, 1e-5]), 9.0, rewards=rewards)
    assert (found >= 0.0).all()
    assert np.isfinite(found).all()
