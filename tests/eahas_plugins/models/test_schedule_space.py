"""Which positions have been tried."""

import numpy as np
import pytest

from eahas_plugins.models.axes import Axis
from eahas_plugins.models.schedule_space import ScheduleSpace

AXES = {
    "rate": Axis(low=1e-4, high=1.0, log=True),
    "width": Axis(low=1.0, high=9.0, step=1.0),
    "kind": Axis(choices=("a", "b", "c")),
}


def tried(positions, before):
    return ScheduleSpace(AXES, None, None).tried(np.array(before))(np.array(positions))


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ((0.25, 0.5, 0.5), True),
        ((0.25, 0.52, 0.55), True),  # the same whole number and choice
        ((0.25, 0.5, 0.9), False),
        ((0.25, 0.9, 0.5), False),
        ((0.26, 0.5, 0.5), False),
        ((0.75, 0.9, 0.1), True),
        ((0.75, 0.5, 0.1), False),
    ],
)
def test_what_leads_to_the_same_values_has_been_tried(position, expected):
    before = [(0.25, 0.5, 0.5), (0.75, 0.9, 0.1), (0.25, 0.1, 0.1)]
    assert tried([(0.1, 0.1, 0.1), position], before).tolist() == [False, expected]


def test_a_parameter_that_a_trial_did_not_have_makes_no_difference():
    before = [(0.25, np.nan, 0.5), (np.nan, np.nan, np.nan)]
    positions = [(0.25, 0.1, 0.5), (0.25, 0.9, 0.5), (0.25, 0.1, 0.9)]
    assert tried(positions, before).tolist() == [True, True, False]


def test_before_the_first_trial_nothing_has_been_tried():
    assert tried([(0.25, 0.5, 0.5)], np.empty((0, 3))).tolist() == [False]


COUNTABLE = {name: AXES[name] for name in ("width", "kind")}


def by_pairs(values, before):
    """By its definition: all pairs, in all parameters."""
    with np.errstate(invalid="ignore"):
        same = np.isclose(values[:, None], before[None], rtol=1e-9, atol=0.0)
    same |= np.isnan(before)[None]
    return (same.all(axis=2) & ~np.isnan(before).all(axis=1)).any(axis=1)


@pytest.mark.parametrize("axes", [AXES, COUNTABLE], ids=["continuous", "countable"])
def test_whoever_is_found_is_the_same_as_one_of_the_past_in_all_it_had(axes):
    rng = np.random.default_rng(0)
    space = ScheduleSpace(axes, None, None)
    before = rng.random((15, len(axes)))
    before[rng.random(before.shape) < 0.3] = np.nan
    positions = np.concatenate([rng.random((40, len(axes))), np.nan_to_num(before, nan=0.9)])
    known = np.where(np.isnan(before), np.nan, space.values_at(before))
    expected = by_pairs(space.values_at(positions), known)
    assert 0 < expected.sum() < len(expected)
    np.testing.assert_array_equal(space.tried(before)(positions), expected)


def test_countable_values_are_not_compared_with_all_of_a_long_past(monkeypatch):
    def pairs(values, known):
        raise AssertionError("compared pairwise")

    monkeypatch.setattr("eahas_plugins.models.tried._agree", pairs)
    space = ScheduleSpace(COUNTABLE, None, None)
    before = np.random.default_rng(0).random((1000, 2))
    assert space.tried(before)(before[:50]).all()
