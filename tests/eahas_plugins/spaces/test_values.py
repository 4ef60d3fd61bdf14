import json
import math
from fractions import Fraction

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from eahas_plugins.spaces import native, native_config
from eahas_plugins.spaces.values import native as same
from eahas_plugins.spaces.values import plain

PAIRS = [
    (np.float64(0.5), float),
    (np.float32(0.5), float),
    (np.int64(3), int),
    (np.bool_(True), bool),
    (np.str_("adam"), str),
]


@pytest.mark.parametrize(("value", "kind"), PAIRS)
def test_numpy_scalars_become_plain(value, kind):
    assert type(native(value)) is kind
    assert native(value) == value


@pytest.mark.parametrize("value", [None, True, 2**80, "x", [1], {"a": 1}, (1, 2)])
def test_all_else_stays_as_it_is(value):
    assert native(value) is value
    assert same is native


def test_a_configuration_becomes_one_that_json_takes():
    space = ConfigurationSpace({"lr": (0.1, 1.0), "n": (1, 9), "kind": ["a", "b"]}, seed=0)
    config = space.sample_configuration()
    assert json.loads(json.dumps(native_config(config))) == dict(config)


class Tensor:
    """As torch's, jax's and others' are: no NumPy, but the same words."""

    def __init__(self, values):
        self._values = np.asarray(values)
        self.ndim = self._values.ndim

    def item(self):
        return self._values.item()

    def tolist(self):
        return self._values.tolist()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.array(0.5), 0.5),
        (Tensor(0.5), 0.5),
        (Tensor([[1, 2]]), [[1, 2]]),
        ({"a": [Tensor(3), (np.int64(2), None)]}, {"a": [3, [2, None]]}),
        ({np.int64(1): "b"}, {1: "b"}),
    ],
)
def test_numbers_of_any_library_become_plain_at_any_depth(value, expected):
    assert plain(value) == expected
    assert json.loads(json.dumps(plain(value), allow_nan=False)) is not None


@pytest.mark.parametrize("value", [None, "x", math.inf, Fraction(1, 3), object(), np.float32])
def test_what_is_no_number_of_a_library_stays(value):
    assert plain(value) is value


def test_what_only_looks_like_an_array_stays():
    odd = type("Odd", (), {"ndim": 1})()
    assert plain(odd) is odd
