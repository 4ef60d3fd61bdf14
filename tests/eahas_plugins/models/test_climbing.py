from dataclasses import dataclass

import numpy as np
import pytest

from eahas_plugins.models.climbing import climb


@dataclass(frozen=True)
class Side:
    ordered: bool = True
    least_step: float = 0.0


def climbed(score, sides, n=100, seed=0):
    rng = np.random.default_rng(seed)
    return climb(score, rng.random((n, len(sides))), sides, rng)


def test_finds_a_maximum_inside_far_closer_than_random_positions():
    place = np.array([0.3, 0.8, 0.55, 0.1])
    found = climbed(lambda x: -np.sum((x - place) ** 2, axis=1), [Side()] * 4)
    np.testing.assert_allclose(found, place, atol=0.03)
    drawn = np.random.default_rng(0).random((2000, 4))
    assert np.sum((found - place) ** 2) < 0.2 * np.sum((drawn - place) ** 2, axis=1).min()


def test_reaches_the_edges_exactly():
    found = climbed(lambda x: x[:, 0] - x[:, 1] + x[:, 2], [Side()] * 3)
    assert found.tolist() == [1.0, 0.0, 1.0]


def test_climbs_whole_numbers_and_choices_together():
    def score(x):
        whole = np.minimum(np.floor(x[:, 0] * 20), 19)
        choice = np.minimum(np.floor(x[:, 1] * 4), 3)
        return -np.abs(whole - 13) - 5.0 * (choice != 2) - np.abs(x[:, 2] - 0.4)

    sides = [Side(least_step=0.05), Side(ordered=False, least_step=0.25), Side()]
    found = climbed(score, sides, n=10)
    assert (int(found[0] * 20), int(found[1] * 4)) == (13, 2)
    assert found[2] == pytest.approx(0.4, abs=0.02)


def test_what_is_forbidden_is_chosen_only_where_there_is_nothing_else():
    sides = [Side()] * 2
    found = climbed(lambda x: np.where(x[:, 0] > 0.5, -np.inf, x[:, 0]), sides)
    assert 0.45 < found[0] <= 0.5
    assert climbed(lambda x: np.full(len(x), -np.inf), sides).shape == (2,)


def test_fewer_positions_than_climbers_will_do():
    assert climbed(lambda x: x[:, 0], [Side()], n=1).tolist() == [1.0]
