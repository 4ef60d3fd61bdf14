"""The volume of a front and what a point adds to it, against counting and drawing."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eahas_plugins.models.gaussian_process import log_expected_improvement
from eahas_plugins.models.hypervolume import (
    MARGIN,
    Front,
    behind_most,
    contributions,
    hypervolume,
    n_dominating,
    non_dominated,
    reference_point,
)


def whole_numbers(m):
    point = st.tuples(*[st.integers(0, 5)] * m)
    return st.lists(point, min_size=1, max_size=8).map(lambda rows: np.array(rows, dtype=float))


def counted(points, m):
    """Unit cubes of the grid that some point covers."""
    return sum(
        any(all(c < p for c, p in zip(cube, point, strict=True)) for point in points)
        for cube in itertools.product(range(5), repeat=m)
    )


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([1, 2, 3]).flatmap(lambda m: whole_numbers(m)))
def test_the_volume_is_that_of_the_cubes_below_the_points(points):
    m = points.shape[1]
    assert hypervolume(points, np.zeros(m)) == pytest.approx(counted(points, m))


def test_a_front_of_two_known_points():
    # the example of the manual of pygmo: points (1, 2), (2, 1) below (3, 3)
    assert hypervolume(-np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([-3.0, -3.0])) == 3.0
    assert hypervolume(np.empty((0, 2)), np.zeros(2)) == 0.0
    assert hypervolume(np.array([[1.0, -1.0]]), np.zeros(2)) == 0.0


def test_the_front_is_what_nothing_dominates():
    points = np.array([[1.0, 1.0], [2.0, 0.0], [0.5, 1.0], [1.0, 1.0], [np.nan, 9.0]])
    assert non_dominated(points).tolist() == [True, True, False, True, False]
    assert n_dominating(points[:4]).tolist() == [0, 0, 2, 0]


@pytest.mark.parametrize("m", [1, 2, 3])
def test_many_points_are_told_apart_as_by_comparing_any_two(m):
    rng = np.random.default_rng(m)
    points = rng.integers(0, 30, (450, m)).astype(float)
    points[rng.random(points.shape) < 0.01] = -np.inf
    over = (points[:, None] >= points[None]).all(axis=2)
    over &= (points[:, None] > points[None]).any(axis=2)
    assert n_dominating(points).tolist() == over.sum(axis=0).tolist()
    assert non_dominated(points).tolist() == (~over.any(axis=0)).tolist()
    assert non_dominated(points[:0]).tolist() == []


def test_the_reference_lies_a_part_of_the_fronts_extent_behind_it():
    points = np.array([[0.0, 2.0], [4.0, 1.0], [-9.0, -9.0]])
    assert reference_point(points).tolist() == [0.0 - 4.0 * MARGIN, 1.0 - 1.0 * MARGIN]
    alone = np.array([[1.0, 1.0], [0.0, -1.0]])
    assert reference_point(alone).tolist() == [1.0 - MARGIN, 1.0 - 2.0 * MARGIN]
    assert (reference_point(np.ones((2, 2))) < 1.0).all()


def test_what_lies_outside_a_front_that_has_shrunk_to_a_corner_still_adds_to_it():
    corner = np.array([[0.50, 9.00], [0.51, 8.99]])
    first = np.array([[0.2, 5.0], [0.3, 4.0], [0.4, 2.0], [0.35, 3.0], [0.1, 1.0]])
    points = np.concatenate([corner, first])
    better = np.array([[0.8, 7.0]]), np.zeros((1, 2))
    near = reference_point(points)
    assert Front(corner, near).log_improvement(*better)[0] < -600.0
    behind = behind_most(near, first)
    assert behind.tolist() == [0.2, 2.0]
    added = (0.8 - 0.51) * (7.0 - 2.0)
    np.testing.assert_allclose(np.exp(Front(corner, behind).log_improvement(*better)), added)


def test_what_a_point_adds_to_the_others():
    points = np.array([[3.0, 1.0], [1.0, 3.0], [1.0, 1.0]])
    assert contributions(points, np.zeros(2)).tolist() == [2.0, 2.0, 0.0]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([2, 3]).flatmap(lambda m: st.tuples(whole_numbers(m), whole_numbers(m))),
)
def test_a_known_point_improves_the_front_by_what_it_adds(both):
    points, new = both
    reference = np.full(points.shape[1], 0.5)
    before = hypervolume(points, reference)
    added = [hypervolume(np.vstack([points, point]), reference) - before for point in new]
    expected = np.exp(Front(points, reference).log_improvement(new, np.zeros_like(new)))
    np.testing.assert_allclose(expected, added, atol=1e-9)


@pytest.mark.parametrize("m", [2, 3])
def test_the_expected_improvement_is_the_mean_over_draws(m):
    rng = np.random.default_rng(m)
    points, reference = rng.random((7, m)), np.zeros(m)
    mean, deviation = rng.random((3, m)), rng.uniform(0.2, 0.5, (3, m))
    deviation[0, 0] = 0.0  # known before it is trained
    before = hypervolume(points, reference)
    for i in range(3):
        draws = mean[i] + deviation[i] * rng.standard_normal((3000, m))
        added = [hypervolume(np.vstack([points, y]), reference) - before for y in draws]
        error = 5.0 * np.std(added) / np.sqrt(len(added))
        expected = np.exp(Front(points, reference).log_improvement(mean, deviation))[i]
        assert abs(expected - np.mean(added)) < error


def test_an_empty_front_is_improved_by_all_that_exceeds_the_reference():
    front = Front(np.empty((0, 2)), np.zeros(2))
    assert np.exp(front.log_improvement(np.array([[2.0, 3.0]]), np.zeros((1, 2)))) == 6.0


def test_with_a_second_objective_that_never_counts_it_is_expected_improvement():
    front = Front(np.array([[1.0, 1.0]]), np.array([0.0, 0.0]))
    mean, deviation = np.array([[1.2, 1.0], [0.3, 1.0]]), np.array([[0.5, 0.0], [0.5, 0.0]])
    expected = log_expected_improvement(mean[:, 0], deviation[:, 0], 1.0)
    np.testing.assert_allclose(front.log_improvement(mean, deviation), expected, rtol=1e-9)
