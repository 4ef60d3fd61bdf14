import json

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from eahas_plugins.spaces import native, native_config
from eahas_plugins.spaces.values import native as same

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
