"""Curve files that say something else than a network's tensors."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from surrogate.official.curve_file import read_curve_file
from tests.surrogate.official.builders import (
    curve_model,
    dumps,
    parameter,
    parameter_of,
    storage_bytes,
)
from tests.surrogate.official.hostile import (
    ARRAYS,
    refused,
)

FOUR = np.zeros(4, dtype=np.float32)


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((5,), (1,), 0),
        ((4,), (1,), 1),
        ((4,), (2,), 0),
        ((1 << 40, 1 << 40), (0, 0), 0),
        ((100_000,), (0,), 0),
        ((2, 3), (0, 1), 0),
        ((4,), (-1,), 3),
        ((1,), (1 << 70,), 0),
        ((0, 1 << 70), (1, 1), 0),
        ((4,), (1, 1), 0),
        ((1,) * 5, (1,) * 5, 0),
        ((2.0,), (1,), 0),
        ((True,), (1,), 0),
        ([4], (1,), 0),
        ((4,), (1,), -1),
        ((1,), (1,), 1 << 66),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(size: Any, stride: Any, offset: int) -> None:
    model = curve_model(ARRAYS)
    model[0].state["extra"] = parameter_of(
        storage_bytes(FOUR), size=size, stride=stride, offset=offset
    )
    refused(read_curve_file, dumps(model), "tensor must")


def test_a_transposed_tensor_is_read() -> None:
    arrays = dict(ARRAYS)
    weight = ARRAYS["hidden0.weight"]
    model = curve_model(arrays)
    first = model[0].state["_modules"]["dvn"].state["_modules"]["0"].state["_parameters"]
    stored = np.ascontiguousarray(weight.T)
    first["weight"] = parameter_of(
        storage_bytes(stored), size=weight.shape, stride=(1, weight.shape[0])
    )
    np.testing.assert_array_equal(read_curve_file(dumps(model))["hidden0.weight"], weight)


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        (storage_bytes(FOUR, numel=5), "as many bytes"),
        (storage_bytes(FOUR, numel=1 << 61), "as many bytes"),
        (storage_bytes(FOUR, numel=-1), "malformed"),
        (storage_bytes(FOUR, magic=1), "legacy format"),
        (storage_bytes(FOUR, kind="LongStorage"), "as many bytes"),
        (storage_bytes(FOUR, kind="HalfStorage"), "no official file contains"),
        (storage_bytes(FOUR) + b"more", "as many bytes"),
        (storage_bytes(FOUR)[:-1], "as many bytes"),
        (b"PK\x03\x04", "protocol 2, 3 or 4"),
        ("text", "made of bytes"),
    ],
)
def test_a_malformed_storage_is_refused(storage: Any, message: str) -> None:
    model = curve_model(ARRAYS)
    model[0].state["extra"] = parameter_of(storage, size=(4,), stride=(1,))
    refused(read_curve_file, dumps(model), message)


def changed_model(change: Callable[[dict[str, Any]], Any]) -> bytes:
    model = curve_model(ARRAYS)
    change(model[0].state["_modules"])
    return dumps(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("acc"), "lacks its 'acc'"),
        (lambda m: m["acc"].state.pop("_parameters"), "lacks its _parameters"),
        (lambda m: m["acc"].state.update(_parameters=[1]), "lacks its _parameters"),
        (lambda m: m["acc"].state["_parameters"].update(weight=None), "tensor of float32"),
        (
            lambda m: (
                m["acc"]
                .state["_parameters"]
                .update(bias=parameter(np.zeros(2, dtype=np.int64), kind="LongStorage"))
            ),
            "tensor of float32",
        ),
        (lambda m: m["dvn"].state["_modules"].pop("5"), "lacks its '5'"),
        (
            lambda m: m["dvn"].state["_modules"].update({"1": m["dead"]}),
            "three hidden layers",
        ),
        (lambda m: m.update(out=m["dvn"]), "must hold a Linear"),
        (lambda m: m.update(out=m["acc"]), "degree 3 to 6"),
    ],
)
def test_another_network_is_refused(change: Callable[[dict[str, Any]], Any], message: str) -> None:
    refused(read_curve_file, changed_model(change), message)


def test_a_file_of_two_networks_is_refused() -> None:
    refused(read_curve_file, dumps(curve_model(ARRAYS) * 2), "a list of one network")
    refused(read_curve_file, dumps(OrderedDict()), "a list of one network")
