import numpy as np
import pytest

from eahas_plugins.models.values import transformed


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [
        ([0.5, 0.9, 0.99, 0.1], [0.5, 0.1, 0.01, 0.9]),  # accuracies
        ([-0.5, -4.0, -1e9, -0.25, -0.5], [0.5, 4.0, 5.0, 0.25, 0.5]),  # losses
        ([1.0, 1.0, 1.0], [1e-3, 1e-3, 1e-3]),
        ([-0.5, -0.1, -0.01, 0.0], [0.5, 0.1, 0.01, 5.5e-5]),  # a perfect loss
    ],
)
def test_accuracies_and_losses_are_learnt_as_logarithms_of_errors(rewards, expected):
    np.testing.assert_allclose(transformed(np.array(rewards)), -np.log(expected))


def test_of_other_values_the_lowest_quarter_counts_as_equal():
    np.testing.assert_allclose(transformed(np.array([-3.0, 1.0, 2.0, 5.0])), [0.0, 1.0, 2.0, 5.0])
