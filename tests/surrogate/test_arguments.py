"""Seeds are whole numbers and configurations mappings, wherever they are given."""

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


CONSTRAINED = surrogate.load("cifar10", constrained=True)
ONE: dict[str, Callable[[Any], Any]] = {
    "query": BENCH.query,
    "table": TABLE.query,
    "constrained": CONSTRAINED.query,
    "is_allowed": CONSTRAINED.is_allowed,
}
MANY: dict[str, Callable[..., Any]] = {
    "query_many": BENCH.query_many,
    "table": TABLE.query_many,
    "constrained": CONSTRAINED.query_many,
}


def known_config(what: str) -> dict[str, Any]:
    upstream = what in ("constrained", "is_allowed")
    return dict(CONSTRAINED.sample(1)[0] if upstream else RECORDED)


@pytest.mark.parametrize("what", ONE)
@pytest.mark.parametrize("kind", [float, np.float32])
def test_numbers_that_were_once_in_single_precision_are_known(what: str, kind: type) -> None:
    config = known_config(what)
    single = {n: kind(np.float32(v)) if isinstance(v, float) else v for n, v in config.items()}
    assert ONE[what](single) == ONE[what](config)
    if kind is float:
        assert single != config
    if what in MANY:
        assert MANY[what]([single]) == MANY[what]([config])
    with pytest.raises(ValueError, match=r"wm must be one of|configurations only"):
        ONE[what](config | {"wm": config["wm"] * (1.0 + 1e-6)})


@pytest.mark.parametrize("bad", [False, np.False_, True, np.True_])
def test_a_boolean_is_no_number(bad: object) -> None:
    config = dict(CONFIG)
    for name in ("cutout_length", "group_width", "base_lr"):
        with pytest.raises(ValueError, match=f"{name} must be one of .* but got .*{bad}"):
            BENCH.query({**config, name: bad})
        with pytest.raises(ValueError, match=f"{name} must be one of .* but got .*{bad}"):
            BENCH.query_many([config, {**config, name: bad}])


@pytest.mark.parametrize("what", ONE)
@pytest.mark.parametrize("bad", [None, 3, "cos", [1], b"depth"])
def test_a_configuration_is_a_mapping(what: str, bad: Any) -> None:
    with pytest.raises(ValueError, match=r"configuration must be a mapping of .* but got "):
        ONE[what](bad)


@pytest.mark.parametrize("what", MANY)
def test_configurations_are_a_list_of_them(what: str) -> None:
    query_many = MANY[what]
    config = CONSTRAINED.sample(1)[0] if what == "constrained" else RECORDED
    for bad in (None, 3, "cos", b"depth"):
        with pytest.raises(ValueError, match=r"configs must be a list of .* but got "):
            query_many(bad)
    with pytest.raises(ValueError, match="but got a single one: give it to query"):
        query_many(config)
    with pytest.raises(ValueError, match="configuration must be a mapping"):
        query_many([config, None])
    with pytest.raises(ValueError, match="seed must not be negative"):
        query_many([], seed=-1)
    assert query_many([]) == []
    listed = query_many([config, config])
    for several in (
        (config, config),
        (one for one in (config, config)),
        np.array([config, config], dtype=object),
    ):
        assert query_many(several) == listed


def test_a_data_frame_is_not_taken_for_the_names_of_its_columns() -> None:
    class Frame:  # as one of pandas
        def __iter__(self) -> Any:
            return iter(("depth",))

        def to_dict(self, orient: str) -> list[Any]:
            return [orient]

    with pytest.raises(ValueError, match=r"got a Frame: give configs.to_dict\('records'\)"):
        BENCH.query_many(Frame())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["depth", "max_epoch", "base_lr"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_beyond_all_floats_is_none_of_the_values(name: str, sign: int) -> None:
    config = dict(CONFIG)
    for huge in (sign * 10**400, sign * 10**5000):
        with pytest.raises(ValueError, match=f"{name} must be one of .* but got .{{1,70}}$"):
            BENCH.query({**config, name: huge})
