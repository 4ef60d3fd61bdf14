import math

import numpy as np
import pytest

from eahas_plugins.models.axes import Axis, first_of_equals, positions_of

AXES = {
    "float": (Axis(low=-1.0, high=1.0), [-1.0, 0.5, 1.0]),
    "ratio": (Axis(low=1e-4, high=1.0, log=True), [1e-4, 0.01, 1.0]),
    "steps": (Axis(low=0.0, high=1.0, step=0.25), [0.0, 0.25, 1.0]),
    "whole": (Axis(low=3, high=11, step=1, integer=True), [3, 7, 11]),
    "whole ratio": (Axis(low=1, high=1000, log=True, integer=True), [1, 30, 1000]),
    "choice": (Axis(choices=["a", None, ("b",)]), ["a", None, ("b",)]),
    "numbers": (Axis(choices=[8, 1, 3]), [8, 1, 3]),
    "ranked": (Axis(choices=["low", "high"], ranked=True), ["low", "high"]),
}


@pytest.mark.parametrize("name", AXES)
def test_values_come_back_from_their_positions(name):
    axis, values = AXES[name]
    positions = axis.positions(axis.internals(values)).tolist()
    found = [axis.value(position) for position in positions]
    assert (
        found == pytest.approx(values) if name in ("float", "ratio", "steps") else found == values
    )
    assert [type(v) for v in found] == [type(v) for v in values]
    assert axis.features(np.array(positions)).shape == (len(values), axis.n_features)


def test_choices_are_ordered_by_size_or_as_they_stand():
    assert [AXES["numbers"][0].value(p) for p in (0.1, 0.5, 0.9)] == [1, 3, 8]
    assert AXES["ranked"][0].ordered
    assert AXES["ranked"][0].n_features == 1
    assert not AXES["choice"][0].ordered
    assert AXES["choice"][0].n_features == 3


def test_an_unknown_choice_has_no_position():
    configs = [{"c": "a"}, {"c": "new"}, {}, {"c": ["no hash"]}, {"c": "a"}]
    found = positions_of(configs, {"c": AXES["choice"][0]})
    np.testing.assert_allclose(found[:, 0], [1 / 6, np.nan, np.nan, np.nan, 1 / 6])


def test_choices_that_cannot_be_compared_are_all_different():
    assert first_of_equals([np.zeros(2), np.zeros(2)]) == [0, 1]


@pytest.mark.parametrize(
    ("choices", "first"),
    [
        ([2, 8, 2, 8.0], [0, 1]),
        ([1, 2, 3, 1], [0, 1, 2]),
        ([None, True, False, 1, 0, "1", 2.5], [0, 1, 2, 5, 6]),
        ([[1], [2], [1.0], {"a": 1}], [0, 1, 3]),
        ([math.nan, 1.0], [0, 1]),
    ],
)
def test_what_a_host_takes_for_one_choice_is_one(choices, first):
    assert first_of_equals(choices) == first
    axis = Axis(choices=choices)
    shares = np.linspace(0.0, 1.0, 50)
    assert axis.n_values == len(first)
    assert set(axis.internal(shares)) == set(first)
    for share in shares:
        value = axis.value(share)
        assert axis.value(axis.positions(axis.internals([value]))[0]) is value
