"""The energy and runtime files: a scikit-learn chain of one LightGBM model, written by joblib."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.official.unpickling.calls import plain_calls
from surrogate.official.unpickling.reader import Reader
from surrogate.official.unpickling.values import AllowList, Budget, ByteSource, Name, Record

_CHAIN = Name("sklearn.multioutput", "RegressorChain")
_REGRESSOR = Name("lightgbm.sklearn", "LGBMRegressor")
_BOOSTER = Name("lightgbm.basic", "Booster")
_WRAPPER = Name("joblib.numpy_pickle", "NumpyArrayWrapper")
_ARRAY = Name("numpy", "ndarray")
_DTYPE = Name("numpy", "dtype")
_CODES = ("i4", "i8", "f4", "f8")
_MAX_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class ModelText:
    """LightGBM's own text format, and how many of its trees are used (None: all)."""

    text: str
    n_trees: int | None


def read_energy_file(data: bytes) -> ModelText:
    """The model of a ``RegressorChain`` of one ``LGBMRegressor``.

    Raises:
        ValueError: If the bytes are not such a file.
    """
    view = memoryview(data)
    budget = Budget.of(view)
    allowed = AllowList(
        classes=(_CHAIN, _REGRESSOR, _BOOSTER, _WRAPPER),
        calls={**plain_calls(budget), _DTYPE: _dtype},
        names=(_ARRAY,),
        built={_WRAPPER: _read_array},
    )
    chain = _record(Reader(view, allowed, budget=budget).read(), _CHAIN)
    estimators = chain.state.get("estimators_")
    if type(estimators) is not list or len(estimators) != 1 or not _is_first(chain):
        raise ValueError("the chain must hold one model: one number per epoch.")
    booster = _record(_record(estimators[0], _REGRESSOR).state.get("_Booster"), _BOOSTER)
    # LightGBM 4 and 3
    texts = [booster.state[key] for key in ("_handle", "handle") if booster.state.get(key)]
    if len(texts) != 1 or type(texts[0]) is not str:
        raise ValueError("the LightGBM model must have its text.")
    best = booster.state.get("best_iteration", 0)
    if type(best) is not int:
        raise ValueError("the best iteration must be a whole number.")
    return ModelText(texts[0], best if best > 0 else None)


def _is_first(chain: Record) -> bool:
    order = chain.state.get("order_")
    if isinstance(order, np.ndarray):
        return order.shape == (1,) and bool(order[0] == 0)
    return type(order) is list and len(order) == 1 and type(order[0]) is int and order[0] == 0


def _record(value: Any, kind: Name) -> Record:
    if type(value) is not Record or value.kind != kind:
        raise ValueError(f"the file must hold a {kind.name} where it holds something else.")
    return value


def _dtype(arguments: tuple[Any, ...]) -> Record:
    if len(arguments) != 3 or type(arguments[0]) is not str or arguments[0] not in _CODES:
        raise ValueError(f"an array must hold one of {', '.join(_CODES)}.")
    return Record(_DTYPE, {"code": arguments[0]})


def _read_array(reader: ByteSource, wrapper: Record) -> NDArray[Any]:
    """The array whose bytes follow its description; newer joblib pads them to an alignment."""
    state = wrapper.state
    shape, order, dtype = state.get("shape"), state.get("order"), state.get("dtype")
    if (
        type(state.get("subclass")) is not Name
        or state["subclass"] != _ARRAY
        or type(shape) is not tuple
        or len(shape) > _MAX_DIMENSIONS
        or any(type(n) is not int or not 0 <= n <= len(reader.data) for n in shape)
        or type(order) is not str
        or order not in ("C", "F")
        or type(dtype) is not Record
        or dtype.kind != _DTYPE
    ):
        raise ValueError("the description of an array is malformed.")
    if state.get("numpy_array_alignment_bytes") is not None:
        reader.view(reader.number("<B"))
    code = np.dtype(_byte_order(dtype) + dtype.state["code"])
    data = reader.view(math.prod(shape) * code.itemsize)
    return np.frombuffer(data, code).reshape(shape, order="C" if order == "C" else "F")


def _byte_order(dtype: Record) -> str:
    state = dtype.state.get("state", (3, "<"))
    if len(state) < 2 or type(state[1]) is not str or state[1] not in ("<", ">"):
        raise ValueError("the byte order of an array must be '<' or '>'.")
    return str(state[1])
