"""When a price ends a run, in whichever host."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest

from eahas_plugins.models.price import PriceEnd, PriceRule
from eahas_plugins.models.rung_search import Training
from tests.eahas_plugins.models.test_rung_search import run_of, search


class Told:
    """A search that expects what it is told, by the number of trainings."""

    def __init__(self, expected: Sequence[float | None]) -> None:
        self._expected = expected

    def expected_per_kwh(self, trainings: Sequence[Training]) -> float | None:
        return self._expected[len(trainings) - 10]


def ends(expected: Sequence[float | None], *, first: int = 10) -> int | None:
    """With how many trainings a price of 1 ends a run that is first looked at with so many."""
    trainings = run_of(30)[:30]
    rule = PriceRule(1.0, Told(expected), owner="Host")  # type: ignore[arg-type]
    for n in range(first, 10 + len(expected)):
        if rule.look(trainings[:n]) is not None:
            return n
    return None


@pytest.mark.parametrize(
    ("expected", "end"),
    [
        ([0.5, 0.5, 0.5], 12),
        ([0.5, 0.5, 2.0, 0.5, 0.5, 0.5], 15),
        ([0.5, 0.5, 1.0, 0.5, 0.5], None),  # what is worth its price is no reason
        ([0.5, None, 0.5, 0.5, 0.5], 14),
        ([2.0] * 6, None),
    ],
)
def test_three_in_a_row(expected: Sequence[float | None], end: int | None) -> None:
    assert ends(expected) == end


def test_a_run_that_goes_on_counts_what_was_seen_before() -> None:
    assert ends([2.0, 0.5, 0.5, 0.5, 0.5], first=13) == 13
    assert ends([2.0, 2.0, 0.5, 0.5, 0.5], first=13) == 14
    assert ends([0.5, 0.5, 0.5], first=11) == 12


def test_before_ten_complete_trainings_nothing_ends() -> None:
    rule = PriceRule(1e9, search(), owner="Host")
    trainings = run_of(14)
    assert [rule.look(trainings[:n]) for n in range(12)] == [None] * 12
    assert rule.look(trainings[:12]) is not None  # the third of those with ten and more


def test_the_end_says_what_was_expected() -> None:
    end = PriceEnd(price_per_kwh=20.0, expected_per_kwh=13.84)
    assert str(end) == (
        "stopped: the best next training is expected to bring 13.8 per kWh, the price is 20"
    )


def test_silence_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    silent = [
        Training(key=k, config={"x": 0.05 * k}, rung=5.0, state="complete", reward=-k, kwh=0.0)
        for k in range(14)
    ]
    rule = PriceRule(1e9, search(), owner="Host")
    with caplog.at_level(logging.WARNING):
        assert all(rule.look(silent[:n]) is None for n in range(15))
    said = [line for line in caplog.messages if line.startswith("Host: no training has reported")]
    assert len(said) == 1


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_is_positive(price: float) -> None:
    with pytest.raises(ValueError, match="price_kwh must be positive and finite but got"):
        PriceRule(price, search(), owner="Host")
