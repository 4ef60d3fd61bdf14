"""Writes official checkpoint files of any variant, without torch, scikit-learn or LightGBM."""

from __future__ import annotations

import json
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from tests.surrogate.models.test_two_encoder_network import random_arrays
from tests.surrogate.official.pickling import (
    Call,
    Global,
    Instance,
    JoblibArray,
    Persistent,
    dumps,
)

STAR = "BSC.models.bezier_nn_star"


# -- torch --


def storage_bytes(
    array: np.ndarray,
    *,
    location: str = "cpu",
    numel: int | None = None,
    key: str = "94406810606496",
    magic: int = 0x1950A86A20F9469CFC6C,
    kind: str = "FloatStorage",
) -> bytes:
    n = array.size if numel is None else numel
    identifier = ("storage", Global("torch", kind), key, location, n, None)
    sizes = {"short": 2, "int": 4, "long": 4}
    parts = [
        magic,
        1001,
        {"protocol_version": 1001, "little_endian": True, "type_sizes": sizes},
        Persistent(identifier),
        [key],
    ]
    head = b"".join(dumps(part, protocol=2) for part in parts)
    return head + struct.pack("<q", n) + array.tobytes()


def parameter(array: np.ndarray, **options: Any) -> Call:
    flat = np.ascontiguousarray(array)
    return parameter_of(
        storage_bytes(flat, **options),
        size=flat.shape,
        stride=tuple(step // flat.itemsize for step in flat.strides),
    )


def parameter_of(
    storage: bytes, *, size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0
) -> Call:
    data = Call(Global("torch.storage", "_load_from_bytes"), (storage,))
    tensor = Call(
        Global("torch._utils", "_rebuild_tensor_v2"),
        (data, offset, size, stride, False, OrderedDict()),
    )
    return Call(Global("torch._utils", "_rebuild_parameter"), (tensor, True, OrderedDict()))


def module(kind: str, where: str, modules: dict[str, Any] | None = None, **rest: Any) -> Instance:
    state = {
        "training": False,
        "_parameters": {},
        "_buffers": OrderedDict(),
        "_non_persistent_buffers_set": set(),
        "_is_full_backward_hook": None,
        "_modules": modules or {},
        **rest,
    }
    return Instance(Global(where, kind), state)


def linear(arrays: dict[str, np.ndarray], name: str, **options: Any) -> Instance:
    parameters = {p: parameter(arrays[f"{name}.{p}"], **options) for p in ("weight", "bias")}
    return module("Linear", "torch.nn.modules.linear", _parameters=parameters)


def curve_model(arrays: dict[str, np.ndarray], **options: Any) -> list[Instance]:
    def relu() -> Instance:
        return module("ReLU", "torch.nn.modules.activation", inplace=True)

    def block(name: str) -> Instance:
        return module("MLPBlock", STAR, {"linear_1": linear(arrays, name, **options)})

    hidden = [linear(arrays, f"hidden{i}", **options) for i in range(3)]
    trunk = [hidden[0], relu(), hidden[1], relu(), hidden[2], relu()]
    trunk.append(module("Dropout", "torch.nn.modules.dropout", p=0.1, inplace=False))
    dead = {"weight": parameter(np.zeros(3, dtype=np.int64), kind="LongStorage")}
    modules = {
        "arch_encoding": block("architecture"),
        "hyp_encoding": block("training"),
        "dvn": module(
            "Sequential",
            "torch.nn.modules.container",
            {str(i): layer for i, layer in enumerate(trunk)},
        ),
        "out": linear(arrays, "inner", **options),
        "acc": linear(arrays, "endpoints", **options),
        "dead": module("BatchNorm1d", "torch.nn.modules.batchnorm", _buffers=dead, eps=1e-5),
    }
    return [module("NNSurrogateModel", STAR, modules, arch_input_dim=5)]


def curve_file(arrays: dict[str, np.ndarray], *, protocol: int = 4, **options: Any) -> bytes:
    return dumps(curve_model(arrays, **options), protocol=protocol)


# -- LightGBM --


def random_tree(rng: np.random.Generator, *, n_leaves: int) -> dict[str, list[Any]]:
    """Split leaves at random, numbered as LightGBM numbers them."""
    left: list[int] = []
    right: list[int] = []
    place: dict[int, tuple[list[int], int]] = {}
    for node in range(n_leaves - 1):
        leaf = int(rng.integers(node + 1))
        if node:
            side, parent = place[leaf]
            side[parent] = node
        left.append(~leaf)
        right.append(~(node + 1))
        place[leaf], place[node + 1] = (left, node), (right, node)
    return {
        "split_feature": rng.integers(26, size=n_leaves - 1).tolist(),
        "threshold": rng.random(n_leaves - 1).tolist(),
        "decision_type": [2] * (n_leaves - 1),
        "left_child": left,
        "right_child": right,
        "leaf_value": rng.normal(2.0, 0.5, n_leaves).tolist(),
    }


def tree_value(tree: dict[str, list[Any]], x: np.ndarray) -> float:
    node = 0 if tree["split_feature"] else -1
    while node >= 0:
        go_left = x[tree["split_feature"][node]] <= tree["threshold"][node]
        node = tree["left_child" if go_left else "right_child"][node]
    return float(tree["leaf_value"][~node])


def model_text(
    trees: list[dict[str, list[Any]]], *, version: str = "v4", changes: dict[str, str] | None = None
) -> str:
    header = {
        "version": version,
        "num_class": "1",
        "num_tree_per_iteration": "1",
        "label_index": "0",
        "max_feature_idx": "25",
        "objective": "regression",
        "feature_names": " ".join(f"Column_{i}" for i in range(26)),
        **(changes or {}),
    }
    lines = ["tree", *(f"{k}={v}" for k, v in header.items()), ""]
    for i, tree in enumerate(trees):
        lines += [f"Tree={i}", f"num_leaves={len(tree['leaf_value'])}", "num_cat=0"]
        lines += [f"{key}={' '.join(map(repr, values))}" for key, values in tree.items()]
        lines += ["is_linear=0", "shrinkage=0.05", "", ""]
    return "\n".join([*lines, "end of trees", "", "parameters:", "[boosting: dart]", ""])


def energy_file(
    text: Any,
    *,
    protocol: int = 4,
    key: str = "_handle",
    aligned: bool = True,
    order: np.ndarray | None = None,
    best_iteration: int = 0,
    array_changes: dict[str, Any] | None = None,
    extra: Any = None,
) -> bytes:
    scores = Call(Global("collections", "defaultdict"), (Global("collections", "OrderedDict"),))
    booster = Instance(
        Global("lightgbm.basic", "Booster"),
        {key: text, "best_iteration": best_iteration, "best_score": scores, "extra": extra},
    )
    regressor = Instance(
        Global("lightgbm.sklearn", "LGBMRegressor"), {"_Booster": booster, "learning_rate": 0.06}
    )
    order = np.array([0], dtype=np.int64) if order is None else order
    chain = Instance(
        Global("sklearn.multioutput", "RegressorChain"),
        {
            "order": None,
            "order_": JoblibArray(order, aligned, array_changes or {}),
            "estimators_": [regressor],
            "_sklearn_version": "1.2.0",
        },
    )
    return dumps(chain, protocol=protocol)


# -- folders --


def write_model(folder: Path, members: list[bytes], *, model: str) -> None:
    folder.mkdir(parents=True)
    (folder / "model_config.json").write_text(json.dumps({"model": model}))
    for i, data in enumerate(members):
        (folder / f"ensemble_member_{i}").mkdir()
        (folder / f"ensemble_member_{i}" / "surrogate_model.model").write_bytes(data)


def write_checkpoints(
    root: Path,
    *,
    degree: int = 4,
    hidden: int = 8,
    n_members: int = 2,
    protocol: int = 4,
    seed: int = 0,
) -> list[dict[str, np.ndarray]]:
    """A whole set of small random checkpoints; returns the weights of the curve's members."""
    rng = np.random.default_rng(seed)
    members = [
        random_arrays(rng, hidden=hidden, degree=degree, dtype=np.float32) for _ in range(n_members)
    ]
    for arrays in members:
        spread = np.linspace(20.0, 45.0, degree - 1)
        arrays["inner.bias"] = np.concatenate([spread, spread[::-1]]).astype(np.float32)
    curves = [curve_file(arrays, protocol=protocol) for arrays in members]
    write_model(root / "ea_has_bench-v0.2", curves, model="bezier_nn_STAR")
    for name in ("trainE-v0.2", "testE-v0.1", "runtime-v0.1"):
        text = model_text([random_tree(rng, n_leaves=7) for _ in range(5)])
        data = energy_file(text, protocol=protocol)
        write_model(root / f"ea_has_bench-{name}", [data], model="lgb_E")
    return members
