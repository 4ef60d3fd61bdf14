"""What is a number, a count, a seed or a share; who asks for them is tested beside each host."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from eahas_plugins.arguments import (
    check_counts,
    check_finite,
    check_not_negative,
    check_numbers,
    check_positive,
    check_reward_exponent,
    check_seed,
    check_shares,
    check_whole_numbers,
    float_of,
    given,
    numbers_of,
)
from tests.eahas_plugins.bad_numbers import NO_NUMBERS


def test_numbers_of_python_and_numpy_are_taken() -> None:
    for number in (1, 0.5, Fraction(1, 3), np.float32(0.5), np.int64(1), math.inf, math.nan):
        check_numbers(a=number)
    check_whole_numbers(a=1, b=np.int8(1), c=-3)
    check_counts(2, a=2, b=np.int64(3))
    for seed in (None, 0, np.uint32(7), 2**32 - 1):
        check_seed(seed)
    check_positive(a=1e-300, b=np.float32(1.0))
    check_finite(a=-1.0)
    check_not_negative(a=0, b=0.0)
    check_shares(a=0.0, b=1)
    check_reward_exponent(0)


@pytest.mark.parametrize("bad", [None, *NO_NUMBERS])
@pytest.mark.parametrize(
    "check", [check_positive, check_finite, check_not_negative, check_shares, check_whole_numbers]
)
def test_everything_else_is_refused_by_name(check: Any, bad: Any) -> None:
    with pytest.raises(ValueError, match=r"width must be .* but got"):
        check(depth=1, width=bad)


def test_ranges() -> None:
    for call, message in (
        (lambda: check_counts(2, a=1), "a must be at least 2 but got 1"),
        (lambda: check_seed(-1), "seed must be at least 0 but got -1"),
        (lambda: check_seed(2**32), "seed must be at most 4294967295 but got 4294967296: give"),
        (lambda: check_positive(a=0.0), "a must be positive and finite but got 0"),
        (lambda: check_not_negative(a=-1), "a must be finite and not negative but got -1"),
        (lambda: check_shares(a=1.1), "a must be between 0 and 1 but got"),
        (lambda: check_reward_exponent(0.1), "reward_exponent must be at most 0 and finite"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_what_is_not_given_is_left_out() -> None:
    assert given(a=None, b=0, c=1.0) == {"b": 0, "c": 1.0}


def test_a_training_tells_numbers_of_any_library() -> None:
    assert [float_of(v) for v in (1, np.float32(0.5), np.array(0.25))] == [1.0, 0.5, 0.25]
    for bad in ("1", b"1", True, np.True_, np.array([True]), None):
        with pytest.raises(TypeError):
            float_of(bad)


def test_arrays_hold_numbers_alone() -> None:
    (array,) = numbers_of(a=[1, 2])
    assert (array.dtype, array.tolist()) == (np.float64, [1.0, 2.0])
    for bad in (["1"], [True], [None], "1"):
        with pytest.raises(ValueError, match="a must be numbers but got"):
            numbers_of(a=bad)
