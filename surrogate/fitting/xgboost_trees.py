"""The trees of XGBoost as plain arrays."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models.trees import Trees

Floats = NDArray[np.float64]


def last_left(threshold: NDArray[np.float32]) -> Floats:
    """The largest float64 ``x`` with ``float32(x) < threshold``.

    XGBoost rounds a value to float32 and goes left where it is below the threshold. That is so up
    to halfway between the threshold and its predecessor, and at halfway itself if rounding to
    even takes the predecessor.
    """
    t = np.asarray(threshold, dtype=np.float32)
    below = np.nextafter(t, np.float32(-np.inf))
    halfway = (t.astype(np.float64) + below.astype(np.float64)) / 2.0
    return np.where(halfway.astype(np.float32) < t, halfway, np.nextafter(halfway, -np.inf))


def from_xgboost(booster: Any) -> Trees:
    """The trees of a fitted ``xgboost.Booster`` of numeric features, equal in their predictions.

    One tree per output and trees with vector leaves (``multi_strategy="multi_output_tree"``) both
    work; vector leaves need one walk for all outputs.

    Raises:
        ValueError: If the booster is not a plain sum of trees over numeric features.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    if learner["gradient_booster"]["name"] != "gbtree":
        raise ValueError(f"booster must be gbtree but got {learner['gradient_booster']['name']!r}.")
    model = learner["gradient_booster"]["model"]
    n_outputs = max(1, int(learner["learner_model_param"]["num_target"]))
    base = np.atleast_1d(json.loads(learner["learner_model_param"]["base_score"]))
    base = np.broadcast_to(base, (n_outputs,)).astype(np.float64)
    parts: list[dict[str, NDArray[Any]]] = []
    roots, n_nodes = [], 0
    for tree, output in zip(model["trees"], model["tree_info"], strict=True):
        if tree["categories_nodes"]:
            raise ValueError("booster must have numeric splits only: encode categories first.")
        part = _xgboost_tree(tree, output, n_outputs)
        part["left"] += n_nodes
        part["right"] += n_nodes
        parts.append(part)
        roots.append(n_nodes)
        n_nodes += len(part["left"])
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Trees(roots=np.array(roots), base=base, **joined)


def _xgboost_tree(tree: dict[str, Any], output: int, n_outputs: int) -> dict[str, NDArray[Any]]:
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    condition = np.array(tree["split_conditions"], dtype=np.float32)
    leaf, itself = left < 0, np.arange(len(left))
    value = np.zeros((len(left), n_outputs), dtype=np.float32)
    if int(tree["tree_param"]["size_leaf_vector"]) > 1:
        vectors = np.array(tree["leaf_weights"], dtype=np.float32).reshape(-1, n_outputs)
        value[leaf] = vectors[right[leaf]]  # a leaf keeps the row of its vector there
    else:
        value[leaf, output] = condition[leaf]
    return {
        "feature": np.where(leaf, 0, np.array(tree["split_indices"], dtype=np.int64)),
        "threshold": np.where(leaf, np.inf, last_left(condition)),
        "left": np.where(leaf, itself, left),
        "right": np.where(leaf, itself, right),
        "value": value,
    }
