import numpy as np
import pytest

from eahas_plugins.transfer import EarlierStudies
from eahas_plugins.transfer.portfolio import greedy, member_at
from tests.eahas_plugins.transfer.studies import made_up


def test_each_member_is_good_for_studies_that_the_others_are_not_good_for():
    predicted = np.array([[2.0, 1.9, 0.0, 1.0], [0.0, 0.1, 2.0, 1.0]])
    assert greedy(predicted, np.zeros(4), n=2) == [0, 2]
    assert greedy(predicted, np.zeros(4)) == [0, 2, 1, 3]


def test_of_equal_ones_the_cheapest_is_taken():
    predicted = np.full((1, 3), 1.0)
    assert greedy(predicted, np.log([4.0, 1.0, 2.0]), n=1) == [1]
    assert greedy(predicted, np.log([4.0, 1.0, 2.0])) == [1, 2, 0]


def test_the_best_of_three_studies():
    studies = [made_up(40, seed=s, best_width=w) for s, w in enumerate((4.0, 4.0, 48.0))]
    members = EarlierStudies(studies, fidelity_param="max_epoch").portfolio()
    assert len(members) == 5
    widths = [member["width"] for member in members[:2]]
    assert min(widths) < 12
    assert max(m["width"] for m in members) > 24
    assert len({tuple(sorted(m.items())) for m in members}) == 5


@pytest.mark.parametrize(
    ("place", "members", "others", "expected"),
    [
        (0, [], [], 0),
        (2, [0.1, 0.2], [], 2),
        (3, [0.1, 0.2, 0.3], [], None),
        (4, [0.1, 0.2, 0.3], [0.25], 3),
        (4, [0.1, 0.2, 0.3], [0.35], None),
        (6, [0.1], [0.1], 4),
        (7, [1.0], [0.0], None),
        (4, [], [0.3], 3),
    ],
)
def test_members_follow_until_another_trial_beats_them_all(place, members, others, expected):
    assert member_at(place, members, others) == expected
