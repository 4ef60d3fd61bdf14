"""The learning-curve file: a pickled list of one torch module, read as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.official.unpickling.calls import plain_calls
from surrogate.official.unpickling.reader import Reader
from surrogate.official.unpickling.torch_storage import tensor_calls
from surrogate.official.unpickling.values import AllowList, Budget, Name, Record

_MODEL = Name("BSC.models.bezier_nn_star", "NNSurrogateModel")
_BLOCK = Name("BSC.models.bezier_nn_star", "MLPBlock")
_LINEAR = Name("torch.nn.modules.linear", "Linear")
_RELU = Name("torch.nn.modules.activation", "ReLU")
_SEQUENTIAL = Name("torch.nn.modules.container", "Sequential")
_DROPOUT = Name("torch.nn.modules.dropout", "Dropout")
_BATCH_NORM = Name("torch.nn.modules.batchnorm", "BatchNorm1d")

_TRUNK = (_LINEAR, _RELU, _LINEAR, _RELU, _LINEAR, _RELU, _DROPOUT)
_DEGREES = range(3, 7)

Arrays = dict[str, NDArray[np.float32]]


def read_curve_file(data: bytes) -> Arrays:
    """Weights and biases, named as :mod:`surrogate.models.two_encoder_network` names its layers.

    Raises:
        ValueError: If the bytes are not such a file.
    """
    view = memoryview(data)
    budget = Budget.of(view)
    allowed = AllowList(
        classes=(_MODEL, _BLOCK, _LINEAR, _RELU, _SEQUENTIAL, _DROPOUT, _BATCH_NORM),
        calls={**plain_calls(budget), **tensor_calls(budget)},
    )
    models = Reader(view, allowed, budget=budget).read()
    if type(models) is not list or len(models) != 1:
        raise ValueError("the curve file must hold a list of one network.")
    return _arrays(_children(models[0], _MODEL))


def _arrays(modules: dict[str, Any]) -> Arrays:
    """The layers that the forward pass uses; the others of the file are dead weight."""
    trunk = _children(_get(modules, "dvn"), _SEQUENTIAL)
    kinds = tuple(getattr(_get(trunk, str(i)), "kind", None) for i in range(len(_TRUNK)))
    if kinds != _TRUNK or len(trunk) != len(_TRUNK):
        raise ValueError("the network must have three hidden layers, each with a ReLU.")
    layers = {
        "architecture": _get(_children(_get(modules, "arch_encoding"), _BLOCK), "linear_1"),
        "training": _get(_children(_get(modules, "hyp_encoding"), _BLOCK), "linear_1"),
        "hidden0": trunk["0"],
        "hidden1": trunk["2"],
        "hidden2": trunk["4"],
        "endpoints": _get(modules, "acc"),
        "inner": _get(modules, "out"),
    }
    arrays = {}
    for name, layer in layers.items():
        parameters = _attribute(layer, _LINEAR, "_parameters")
        for part in ("weight", "bias"):
            array = _get(parameters, part)
            if not isinstance(array, np.ndarray) or array.dtype != np.float32:
                raise ValueError(f"{name}.{part} must be a tensor of float32.")
            arrays[f"{name}.{part}"] = array
    inner = arrays["inner.weight"].shape
    if len(inner) != 2 or inner[0] not in [2 * degree - 2 for degree in _DEGREES]:
        raise ValueError(
            "the network must describe a curve of degree 3 to 6 by 6, 8, 10 or 12 outputs."
        )
    return arrays


def _children(record: Any, kind: Name) -> dict[str, Any]:
    return _attribute(record, kind, "_modules")


def _attribute(record: Any, kind: Name, name: str) -> dict[str, Any]:
    if type(record) is not Record or record.kind != kind:
        raise ValueError(f"the file must hold a {kind.name} where it holds something else.")
    value = record.state.get(name)
    if type(value) is not dict:
        raise ValueError(f"the {kind.name} of the file lacks its {name}.")
    return value


def _get(mapping: dict[str, Any], name: str) -> Any:
    if name not in mapping:
        raise ValueError(f"the network of the file lacks its {name!r}.")
    return mapping[name]
