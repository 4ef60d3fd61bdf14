import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.policy import (
    PAPER_EXPONENT,
    best_and_latest,
    brackets,
    cooled,
    cooling,
    early_promotion_due,
    n_rungs,
    next_schedule,
    promotion_candidates,
    promotion_due,
    reward,
    rung_reached,
    rungs,
    short_is_worth_it,
    short_phase_ended,
    which_goes_on,
)

positive = st.floats(1e-9, 1e9)


def test_reward_is_the_papers():
    # accuracy 0.9 with 2 kWh at T0 = 0.5: 0.9 * 4 ** -0.07
    assert reward(0.9, 2.0, reference_kwh=0.5) == pytest.approx(0.9 * 4.0**-0.07)
    assert PAPER_EXPONENT == -0.07


@given(st.lists(st.floats(-10, 10), min_size=1), positive)
def test_reward_without_exponent_is_the_value_bit_for_bit(values, energy):
    got = reward(values, energy, reference_kwh=1.0, exponent=0.0)
    assert got.tolist() == values


@given(st.floats(-10, 10), positive, positive, st.booleans())
def test_more_energy_is_never_better(value, energy, reference, maximize):
    less, more = reward(
        [value] * 2, [energy, 2 * energy], reference_kwh=reference, maximize=maximize
    )
    assert less >= more if maximize else less <= more


def test_unknown_energy_leaves_the_value():
    got = reward([0.5] * 3, [math.nan, 0.0, -1.0], reference_kwh=2.0)
    assert got.tolist() == [0.5] * 3


@pytest.mark.parametrize("reference", [0.0, -1.0, math.nan])
def test_bad_reference(reference):
    with pytest.raises(ValueError, match="reference_kwh must be positive"):
        reward(0.5, 1.0, reference_kwh=reference)


@pytest.mark.parametrize("exponent", [0.1, math.nan])
def test_bad_exponent(exponent):
    with pytest.raises(ValueError, match="exponent must be at most 0"):
        reward(0.5, 1.0, reference_kwh=1.0, exponent=exponent)


@pytest.mark.parametrize(
    ("spent", "budget", "alpha"),
    [(0.0, 2.0, 1.0), (0.5, 2.0, 0.75), (2.0, 2.0, 0.0), (3.0, 2.0, 0.0), (7.0, None, 1.0)],
)
def test_cooling(spent, budget, alpha):
    assert cooling(spent, budget) == alpha


@pytest.mark.parametrize("budget", [0.0, -1.0, math.nan])
def test_cooling_needs_a_budget(budget):
    with pytest.raises(ValueError, match="budget_kwh must be positive"):
        cooling(0.0, budget)


def test_cooled():
    assert cooled([1.0, 2.0], [0.0, 4.0], alpha=0.5).tolist() == [1.0, 0.0]
    assert cooled([0.1, 0.2], [math.inf, math.nan], alpha=0.0).tolist() == [0.1, 0.2]
    with pytest.raises(ValueError, match="alpha must not be negative"):
        cooled([1.0], [1.0], alpha=math.nan)


@pytest.mark.parametrize(
    ("lowest", "highest", "factor", "count"),
    [
        (1, 243, 3, 6),  # the logarithm rounds to 4.999...
        (1, 242, 3, 5),
        (1, 1, 2, 1),
        (1e-4, 8.1e-3, 3, 5),
        (0.001, 0.125, 5, 4),
        (1, 1000, 10, 4),
    ],
)
def test_rung_counts(lowest, highest, factor, count):
    assert n_rungs(lowest, highest, factor) == count
    levels = rungs(lowest, highest, factor)
    assert len(levels) == count
    assert levels[0] == lowest
    assert levels[-1] <= highest


@given(st.floats(1e-6, 1.0), st.integers(0, 8), st.sampled_from([2, 3, 4, 5, 10]))
def test_exact_powers_lose_no_rung(lowest, power, factor):
    assert n_rungs(lowest, lowest * factor**power, factor) == power + 1


@pytest.mark.parametrize(
    ("lowest", "highest", "factor"),
    [(0, 1, 3), (-1, 1, 3), (math.nan, 1, 3), (2, 1, 3), (1, math.inf, 3), (1, math.nan, 3),
     (1, 9, 1), (1, 9, math.nan)],
)  # fmt: skip
def test_bad_ranges(lowest, highest, factor):
    with pytest.raises(ValueError, match="must be"):
        rungs(lowest, highest, factor)


def test_rung_reached():
    levels = (1.0, 3.0, 9.0)
    energies = [0.5, 1.0, 2.9, 3.0 - 1e-12, 9.0, 100.0, math.nan]
    assert [rung_reached(e, levels) for e in energies] == [-1, 0, 0, 1, 2, 2, -1]


def test_brackets_are_hyperbands():
    # Li et al. (2018), Table 1: R = 81, eta = 3
    got = brackets(1, 81, 3)
    assert [b.counts for b in got] == [
        (81, 27, 9, 3, 1),
        (34, 11, 3, 1),
        (15, 5, 1),
        (8, 2),
        (5,),
    ]
    assert [b.resources for b in got[2:]] == [(9, 27, 81), (27, 81), (81,)]


def test_cost_of_a_bracket_counts_resumed_trials_once():
    assert brackets(1, 9, 3)[0].cost == 9 * 1 + 3 * 2 + 1 * 6


def test_promotion_due():
    assert promotion_due(0.0, 1.0, promotion_share=0.5)
    assert not promotion_due(0.5, 1.0, promotion_share=0.5)
    assert not promotion_due(0.0, 0.0, promotion_share=0.5)  # nothing is known yet
    with pytest.raises(ValueError, match="promotion_share must be between 0 and 1"):
        promotion_due(0.0, 1.0, promotion_share=math.nan)


def test_promotion_candidates():
    scores = np.array([0.1, 0.9, math.nan, 0.9, 0.5])
    assert promotion_candidates(scores, [1, 1, 1, 1, 1], top=3) == [1, 3, 4]
    assert promotion_candidates(scores, [1, 0, 1, 1, 0], top=3) == [3, 0]
    assert promotion_candidates(scores, [0] * 5, top=3) == []
    with pytest.raises(ValueError, match="top must be at least 1"):
        promotion_candidates(scores, [1] * 5, top=0)


def test_next_schedule():
    schedules = (50, 100, 200)
    assert [next_schedule(s, schedules) for s in schedules] == [100, 200, None]
    assert [next_schedule(s, schedules, skip_to_last=True) for s in schedules] == [200, 200, None]


def test_early_promotions_are_one_in_five():
    due = [early_promotion_due(n, 1, promotion_share=0.5) for n in range(10)]
    assert due == [False] * 8 + [True] * 2
    assert not early_promotion_due(100, 0, promotion_share=0.0)


def test_the_short_phase_ends_once_more_than_its_part_is_spent():
    assert not short_phase_ended(0.65, short_until=0.35)
    assert short_phase_ended(0.64, short_until=0.35)
    assert not short_phase_ended(0.0, short_until=1.0)


def test_a_model_learns_from_the_best_and_the_latest():
    assert best_and_latest([3.0, 1.0], n=4) == [0, 1]
    assert best_and_latest([1.0, 5.0, 2.0, 5.0, 0.0, 9.0], n=4) == [1, 3, 4, 5]
    assert best_and_latest([1.0, 5.0, 2.0, 0.0], n=3) == [1, 2, 3]  # an odd one is for the best


def test_a_paused_training_goes_on_if_it_gains_more_than_a_new_one():
    assert which_goes_on([-3.0, -1.0, math.nan], -2.0) == 1
    assert which_goes_on([-3.0, -1.0], -1.0) is None
    assert which_goes_on([], -math.inf) is None
    assert which_goes_on([math.nan], -math.inf) is None
    assert which_goes_on([-5.0], -math.inf) == 0


def test_a_short_training_is_worth_half_of_what_it_tells():
    assert short_is_worth_it(cost=0.25, agreement=0.75)
    assert not short_is_worth_it(cost=0.25, agreement=0.4)
    assert not short_is_worth_it(cost=0.55, agreement=1.0)
