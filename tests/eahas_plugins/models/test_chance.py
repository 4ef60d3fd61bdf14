"""Whether a training would fail."""

import numpy as np
import pytest

from eahas_plugins.models.chance import log_chance, n_before_mended
from eahas_plugins.models.gaussian_process import ArdProcess


@pytest.mark.parametrize("n", [20, 40, 60])
def test_where_all_fails_there_is_no_chance(n):
    x = np.random.default_rng(3).random((n, 2))
    inside = x[:, 0] >= 0.6
    at = log_chance(ArdProcess(2), x[~inside], x[inside])
    assert at(np.array([[0.9, 0.5]]))[0] < -1e9  # whatever is expected elsewhere
    assert np.exp(at(np.array([[0.2, 0.5], [0.3, 0.1]]))).min() > 0.9


@pytest.mark.parametrize("part", [0.03, 0.1, 0.3])
def test_failures_among_successes_are_taken_for_chance(part):
    rng = np.random.default_rng(0)
    x = rng.random((60, 2))
    failed = rng.random(60) < part
    failed[0] = True
    at = log_chance(ArdProcess(2), x[~failed], x[failed])
    chances = np.exp(at(rng.random((200, 2))))
    assert np.median(chances) > 0.95
    assert np.quantile(chances, 0.1) > 0.7


def test_what_fails_does_so_by_other_lengths_than_values():
    """The value says nothing of the first feature, by which everything fails."""
    x = np.random.default_rng(5).random((40, 2))
    failed = x[:, 0] > 0.5
    value = ArdProcess(2)
    for _ in range(5):
        value.fit(x[~failed], x[~failed, 1])
    success = ArdProcess(2)
    at = log_chance(success, x[~failed], x[failed])
    assert value.theta[0] > 1.0 + value.theta[1]
    assert success.theta[1] > 1.0 + success.theta[0]
    chances = np.exp(at(np.array([[0.8, 0.5], [0.2, 0.5]])))
    assert chances[0] < 0.01
    assert chances[1] > 0.99


@pytest.mark.parametrize(
    ("failed", "n_out"),
    [
        ([], 0),
        ([True] * 50, 0),  # not mended yet
        ([True] * 50 + [False], 0),
        ([True] * 50 + [False] * 2, 50),
        ([True] * 15 + [False] * 3, 0),
        ([True] * 15 + [False] * 4, 15),
        ([True] * 15 + ([False] + [True] * 9) * 5, 0),  # nine of ten fail later, too
        ([True] * 4 + [False] * 9, 0),  # may be chance
        ([True] * 2 + [False] * 90, 0),  # or a search that has learnt to avoid a place
        ([False] + [True] * 40 + [False] * 9, 0),  # has worked before
    ],
)
def test_what_failed_before_something_was_mended_says_nothing_of_places(failed, n_out):
    assert n_before_mended(failed) == n_out
