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
    return ScheduleSpace(AXES, None, None).tried(np.array(positions), np.array(before))


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
