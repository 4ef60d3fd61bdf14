from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.budget.balance import Balance, RunningTrial


def running(
    number: int,
    spent: float,
    reserved: float = 0.0,
    step: float = 0.0,
    live: bool = True,
) -> RunningTrial:
    return RunningTrial(
        number=number, spent_kwh=spent, reserved_kwh=reserved, step_kwh=step, live=live
    )


@pytest.mark.parametrize(
    ("trials", "number", "expected", "admitted"),
    [
        ((), 0, 10.0, True),
        ((), 0, 10.1, False),
        ((running(0, 2.0, 6.0),), 1, 4.0, True),  # 10 - 2 spent - 4 promised
        ((running(0, 2.0, 6.0),), 1, 4.1, False),
        ((running(2, 2.0, 6.0),), 1, 8.0, True),  # a later trial's promise does not bind
        ((running(0, 2.0, 6.0, live=False),), 1, 8.0, True),  # what it burnt stays
        ((running(0, 2.0, 6.0, live=False),), 1, 8.1, False),
        ((running(0, 7.0, 6.0),), 1, 3.0, True),  # more spent than promised: nothing negative
        ((running(0, 7.0, 6.0, step=1.0),), 1, 2.1, False),  # its next step is promised too
    ],
)
def test_admission(
    trials: tuple[RunningTrial, ...], number: int, expected: float, admitted: bool
) -> None:
    balance = Balance(cap_kwh=10.0, finished_kwh=0.0, running=trials)
    assert balance.admits(number=number, expected_kwh=expected) is admitted


@pytest.mark.parametrize(
    ("trials", "step", "limit", "stop"),
    [
        ((running(1, 4.0),), None, None, False),
        ((running(1, 5.0),), None, None, True),  # reached
        ((running(1, 4.0),), 1.0, None, False),  # lands on the cap
        ((running(1, 4.0),), 1.1, None, True),
        ((running(1, 5.0),), 0.0, None, False),  # it is done: nothing left to stop
        ((running(1, 3.0),), None, 3.0, True),  # own limit
        ((running(1, 2.0),), 1.0, 3.0, False),
        ((running(1, 2.0),), 1.1, 3.0, True),
        ((running(0, 0.0, step=1.0), running(1, 3.0)), 1.1, None, True),
        ((running(2, 0.0, step=1.0), running(1, 3.0)), 1.1, None, True),  # it may be under way
        ((running(0, 0.0, step=1.0, live=False), running(1, 3.0)), 1.1, None, False),
    ],
)
def test_in_flight(
    trials: tuple[RunningTrial, ...], step: float | None, limit: float | None, stop: bool
) -> None:
    balance = Balance(cap_kwh=10.0, finished_kwh=5.0, running=trials)
    assert balance.must_stop(number=1, next_step_kwh=step, limit_kwh=limit) is stop


def test_smaller_number_goes_first() -> None:
    trials = (running(1, 0.0, step=1.0), running(2, 0.0, step=1.0))
    balance = Balance(cap_kwh=10.0, finished_kwh=8.5, running=trials)
    assert balance.must_stop(number=1, next_step_kwh=1.0)
    assert balance.goes_first(number=1, next_step_kwh=1.0)
    assert not balance.goes_first(number=2, next_step_kwh=1.0)


@pytest.mark.parametrize("cap", [1.0, 1e6, 1e12, math.inf])
@pytest.mark.parametrize(
    ("spent", "step", "stop"),
    [
        (1e-4, None, False),  # a billionth of a large cap is more than all of the limit
        (sum([3e-4] * 6), None, True),  # 0.0017999999999999997
        (4e-4, 1.4e-3, False),
        (4e-4, 1.41e-3, True),
    ],
)
def test_the_limit_of_a_trial_rounds_by_its_own_size(
    cap: float, spent: float, step: float | None, stop: bool
) -> None:
    balance = Balance(cap_kwh=cap, finished_kwh=0.0, running=(running(1, spent),))
    assert balance.must_stop(number=1, next_step_kwh=step, limit_kwh=1.8e-3) is stop


@given(step=st.floats(1e-6, 1.0), n_steps=st.integers(1, 50))
def test_steps_that_land_on_the_cap_are_no_overshoot(step: float, n_steps: int) -> None:
    steps = [step * factor for factor in range(1, n_steps + 1)]
    cap = sum(steps)
    last = Balance(cap_kwh=cap, finished_kwh=sum(steps[1:]), running=(running(0, step),))
    assert last.spent_kwh <= cap
    assert last.spent_kwh == pytest.approx(cap)
    assert last.remaining_kwh >= 0.0
    assert last.must_stop(number=0)


def test_a_rounded_sum_is_the_cap_and_an_overshoot_stays_one() -> None:
    assert 0.1 + 0.2 > 0.3
    rounded = Balance(cap_kwh=0.3, finished_kwh=0.1, running=(running(0, 0.2),))
    assert (rounded.spent_kwh, rounded.remaining_kwh) == (0.3, 0.0)
    overshot = Balance(cap_kwh=0.3, finished_kwh=0.1, running=(running(0, 0.2001),))
    assert overshot.spent_kwh == pytest.approx(0.3001)
    assert overshot.remaining_kwh == pytest.approx(-0.0001)


@given(
    cap=st.floats(0.1, 20.0),
    steps=st.lists(st.floats(0.01, 3.0), min_size=1, max_size=5),
    schedule=st.lists(st.integers(0, 4), max_size=200),
)
def test_no_interleaving_of_workers_overshoots(
    cap: float, steps: list[float], schedule: list[int]
) -> None:
    """Each worker announces, reads, decides and spends; any worker may come next at any point."""
    spent = [0.0] * len(steps)
    announced = [0.0] * len(steps)
    phase = [0] * len(steps)  # 0 announce, 1 read and decide, 2 spend, 3 ended
    for turn in schedule:
        i = turn % len(steps)
        if phase[i] == 0:
            announced[i] = steps[i]
            phase[i] = 1
        elif phase[i] == 1:
            trials = tuple(
                running(n, spent[n], step=announced[n] if phase[n] < 3 else 0.0)
                for n in range(len(steps))
            )
            balance = Balance(cap_kwh=cap, finished_kwh=0.0, running=trials)
            phase[i] = 3 if balance.must_stop(number=i, next_step_kwh=steps[i]) else 2
        elif phase[i] == 2:
            spent[i] += steps[i]
            phase[i] = 1  # the same step is announced again by the report itself
    assert sum(spent) <= cap * (1 + 1e-6)
