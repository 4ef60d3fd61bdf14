import numpy as np
import pytest

from eahas_plugins.transfer import EarlierStudies
from eahas_plugins.transfer.portfolio import greedy, next_member
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
    ("n_members", "n_others", "agreement", "expected"),
    [
        (0, 0, None, 0),
        (0, 3, 0.0, 0),
        (1, 0, None, None),
        (1, 1, None, 1),
        (1, 1, 1.0, 1),
        (1, 1, 0.0, None),
        (1, 3, 0.5, None),
        (1, 3, 0.6, 1),
        (4, 4, 0.7, 4),
        (5, 5, 1.0, None),
        (1, 1, float("nan"), None),
    ],
)
def test_members_take_turns_with_others_as_long_as_the_studies_rank_well(
    n_members, n_others, agreement, expected
):
    assert next_member(n_members, n_others, agreement) == expected
