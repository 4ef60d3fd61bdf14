"""A seed is a whole number, wherever one is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import surrogate
from surrogate.space import get_space
from surrogate.space.constraint import sample

BENCH, TABLE = surrogate.load("fashion-nano"), surrogate.load("fashion-nano-table")
CONFIG, RECORDED = BENCH.space.get_default_configuration(), TABLE.records[0].config
SEEDED: dict[str, Callable[[Any], Any]] = {
    "query": lambda seed: BENCH.query(CONFIG, seed=seed),
    "query_many": lambda seed: BENCH.query_many([CONFIG], seed=seed),
    "table": lambda seed: TABLE.query(RECORDED, seed=seed),
    "get_space": lambda seed: get_space("fashion-nano", seed=seed),
}


@pytest.mark.parametrize("what", SEEDED)
def test_only_a_whole_number_is_a_seed(what: str) -> None:
    for seed in (None, 0, 3, np.int64(3)):
        SEEDED[what](seed)
    for bad in ("3", True, np.True_, 2.5, math.nan, math.inf, [1], -1):
        with pytest.raises(ValueError, match=r"seed must (not be neg|be a wh).* but got") as error:
            SEEDED[what](bad)
        assert str(bad).strip("[]") in str(error.value)


@pytest.mark.parametrize("name", ["n_configs", "seed"])
def test_a_draw_is_of_a_whole_number(name: str) -> None:
    assert len(sample("cifar10", **{"n_configs": np.int64(1), "seed": 0})) == 1
    for bad in ("3", True, np.True_, 2.5, math.nan, None, -1):
        with pytest.raises(
            ValueError, match=f"{name} must (not be negative|be a whole number) but"
        ):
            sample("cifar10", **{"n_configs": 1, "seed": 0, name: bad})
