from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from eahas_plugins.budget.attributes import known_kwh, kwh_argument, was_cut


@pytest.mark.parametrize("value", [-1.0, 0.0, math.nan, math.inf, "much", None, True])
def test_unusable_energy_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"`kwh` must be a positive finite number of kWh but got"):
        kwh_argument("kwh", value)


def test_zero_is_allowed_where_asked() -> None:
    assert kwh_argument("kwh", 0, zero=True) == 0.0
    with pytest.raises(ValueError, match="zero or more"):
        kwh_argument("kwh", -1e-9, zero=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (0, 0.0),
        (np.float32(0.5), 0.5),
        (np.int64(2), 2.0),
        (np.array(0.25), 0.25),
        (Fraction(1, 4), 0.25),
        (math.nan, None),
        (np.float32("nan"), None),
        (math.inf, None),
        (-1.0, None),
        (np.int64(-1), None),
        (10**400, None),
        (None, None),
        ("1", None),
        (True, None),
        (np.True_, None),
        (np.array([1.0]), None),
        ([1.0], None),
    ],
)
def test_known_kwh(value: object, expected: float | None) -> None:
    assert known_kwh(value) == expected


def test_only_the_cap_cuts() -> None:
    assert was_cut({"truncated": True})
    assert was_cut({"truncated": True, "limited": False})
    assert not was_cut({"truncated": True, "limited": True})
    assert not was_cut({"truncated": False})
    assert not was_cut({})
