import numpy as np
import pytest

from eahas_plugins.promotion import rewards_of_losses


def rewards(losses, energies, exponent=-1.0):
    return rewards_of_losses(np.array(losses), np.array(energies), exponent=exponent)


def test_losses_in_0_1_are_errors_whose_reward_is_that_of_the_accuracy():
    found = rewards([0.0, 0.5, 1.0, 0.4], [2.0, 4.0, 1.0, 2.0])
    assert found == pytest.approx([1.0, 0.25, 0.0, 0.6])  # the median is 2


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_other_losses_count_by_how_much_energy_they_took(shift):
    found = rewards([shift + 1.2, shift + 1.1, -0.5], [1.0, 2.0, 4.0])
    assert found == pytest.approx([-(shift + 1.2) / 2.0, -(shift + 1.1), 0.25])


def test_what_took_more_is_never_better_for_it():
    for losses in ([0.3, 0.3], [3.0, 3.0], [-3.0, -3.0]):
        cheap, dear = rewards(losses, [1.0, 2.0], exponent=-0.07)
        assert cheap > dear


@pytest.mark.parametrize("unknown", [np.nan, 0.0])
def test_losses_of_unknown_energy_count_as_they_are(unknown):
    assert rewards([0.2, 0.3], [unknown, 5.0]) == pytest.approx([0.8, 0.7])
    assert rewards([1.2, 0.3], [unknown, 5.0]) == pytest.approx([-1.2, -0.3])


def test_without_any_energy_there_is_no_reward():
    assert rewards([0.2, 0.3], [np.nan, 0.0]) is None
    assert rewards([], []) is None
