"""LightGBM's model text, as flat trees. Written by versions 3 and 4; one output, numeric splits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models.trees import Trees

MAX_LEAVES = 20_000
MAX_DEPTH = 200
MAX_NODES = 4_000_000
MAX_LINES = 400_000

_IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
"""Objectives whose prediction is the sum of the trees itself."""
_HEADER_KEYS = (
    "version",
    "objective",
    "num_class",
    "num_tree_per_iteration",
    "max_feature_idx",
    "average_output",
)
_TREE_KEYS = (
    "num_leaves",
    "num_cat",
    "is_linear",
    "split_feature",
    "decision_type",
    "threshold",
    "left_child",
    "right_child",
    "leaf_value",
)
_LAST = "end of trees"
_MAX_WORD = 40
_CATEGORICAL = 1
_ZERO_IS_MISSING = 4
_MISSING_BITS = 12

Columns = dict[str, NDArray[Any]]


def read_model(text: str, *, n_features: int, n_trees: int | None = None) -> Trees:
    """The trees of a model text; their predictions equal LightGBM's.

    Args:
        text: As ``Booster.model_to_string`` writes it.
        n_features: Columns of the input.
        n_trees: Use only the first so many trees.

    Raises:
        ValueError: If the text is not such a model.
    """
    lines = _lines(text)
    header, more = _block(lines, until="Tree=0")
    _check_header(header, n_features)
    trees: list[Columns] = []
    n_nodes = 0
    number = 0
    while more:
        block, more = _block(lines, until=f"Tree={number + 1}")
        tree = _tree(block, number, n_features)
        number += 1
        if n_trees is None or len(trees) < n_trees:
            tree["left"], tree["right"] = tree["left"] + n_nodes, tree["right"] + n_nodes
            trees.append(tree)
            n_nodes += len(tree["left"])
        if n_nodes > MAX_NODES:
            raise ValueError(f"a LightGBM model must have at most {MAX_NODES} nodes.")
    if not trees:
        raise ValueError("a LightGBM model must have at least one tree.")
    sizes = [len(tree["left"]) for tree in trees]
    joined = {name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]}
    if "average_output" in header:  # a random forest
        joined["value"] = joined["value"] / len(trees)
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    return Trees(roots=roots, base=np.zeros(1), **joined)


def _lines(text: str) -> Iterator[str]:
    start = 0
    for _ in range(MAX_LINES):
        if start >= len(text):
            return
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1
    raise ValueError(f"a LightGBM model text must have at most {MAX_LINES} lines.")


def _block(lines: Iterator[str], *, until: str) -> tuple[dict[str, str], bool]:
    """The ``key=value`` lines up to the line ``until``, and whether that came before the end."""
    block: dict[str, str] = {}
    for line in lines:
        if line == until:
            return block, True
        if line.startswith("Tree="):
            raise ValueError(
                f"the trees of a LightGBM model must be numbered, with {until!r} next."
            )
        if line == _LAST:
            return block, False
        key, _, value = line.partition("=")
        if key in _HEADER_KEYS or key in _TREE_KEYS:
            block[key] = value
    raise ValueError(f"the LightGBM model text ends before {_LAST!r}.")


def _check_header(header: dict[str, str], n_features: int) -> None:
    objective = header.get("objective", "regression").split()
    if not objective or objective[0] not in _IDENTITY or "sqrt" in objective:
        raise ValueError(f"the LightGBM objective must be one of {', '.join(_IDENTITY)}.")
    for key, value in (
        ("version", ("v3", "v4")),
        ("num_class", ("1",)),
        ("num_tree_per_iteration", ("1",)),
        ("max_feature_idx", (str(n_features - 1),)),
    ):
        if header.get(key) not in value:
            raise ValueError(
                f"the LightGBM model must have {key} {' or '.join(value)} but got "
                f"{header.get(key, '')[:40]!r}."
            )


def _tree(block: dict[str, str], number: int, n_features: int) -> Columns:
    where = f"tree {number} of the LightGBM model"
    n_leaves = _count(block, "num_leaves", where)
    if not 1 <= n_leaves <= MAX_LEAVES:
        raise ValueError(f"{where} must have 1 to {MAX_LEAVES} leaves.")
    if block.get("num_cat", "0") != "0" or block.get("is_linear", "0") != "0":
        raise ValueError(f"{where} must have numeric splits and constant leaves.")
    leaf_value = _floats(block, "leaf_value", n_leaves, where)
    n_inner = n_leaves - 1
    if not n_inner:
        return _columns(np.zeros(0, np.int64), np.zeros(0), np.zeros((2, 0), np.int64), leaf_value)
    feature = _integers(block, "split_feature", n_inner, where)
    kind = _integers(block, "decision_type", n_inner, where)
    children = np.stack([_integers(block, f"{s}_child", n_inner, where) for s in ("left", "right")])
    if feature.min() < 0 or feature.max() >= n_features:
        raise ValueError(f"{where} must split on features 0 .. {n_features - 1}.")
    if (
        (kind < 0).any()
        or (kind & _CATEGORICAL).any()
        or (kind & _MISSING_BITS == _ZERO_IS_MISSING).any()
    ):
        raise ValueError(f"{where} must have numeric splits for which zero is not missing.")
    _check_children(children, n_leaves, where)
    return _columns(feature, _floats(block, "threshold", n_inner, where), children, leaf_value)


def _check_children(children: NDArray[np.int64], n_leaves: int, where: str) -> None:
    """LightGBM numbers the nodes as it splits them, so a child has a larger number than its parent.

    With that, and with every node but the first having one parent, the nodes form one tree.
    """
    n_inner = n_leaves - 1
    parents = np.tile(np.arange(n_inner), (2, 1))
    expected = np.concatenate([np.arange(-n_leaves, 0), np.arange(1, n_inner)])
    ordered = bool((children[children > 0] > parents[children > 0]).all())
    if not np.array_equal(np.sort(children, axis=None), expected) or not ordered:
        raise ValueError(f"{where}: every node and leaf must be the child of one earlier node.")
    depth = np.zeros(n_inner, dtype=np.int64)
    for parent, (left, right) in enumerate(children.T.tolist()):
        for child in (left, right):
            if child > 0:
                depth[child] = depth[parent] + 1
    if depth.max() >= MAX_DEPTH:
        raise ValueError(f"{where} must be at most {MAX_DEPTH} levels deep.")


def _columns(
    feature: NDArray[np.int64],
    threshold: NDArray[np.float64],
    children: NDArray[np.int64],
    leaf_value: NDArray[np.float64],
) -> Columns:
    """Inner nodes first, then leaves, which point to themselves; child -1 is leaf 0, and so on."""
    n_inner, n_leaves = len(feature), len(leaf_value)
    left, right = np.where(children < 0, n_inner + ~children, children)
    itself = np.arange(n_inner, n_inner + n_leaves)
    return {
        "feature": np.concatenate([feature, np.zeros(n_leaves, dtype=np.int64)]),
        "threshold": np.concatenate([threshold, np.full(n_leaves, np.inf)]),
        "left": np.concatenate([left, itself]),
        "right": np.concatenate([right, itself]),
        "value": np.concatenate([np.zeros(n_inner), leaf_value])[:, None],
    }


def _count(block: dict[str, str], key: str, where: str) -> int:
    text = block.get(key, "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"{where} must have a whole number as {key}.")
    return int(text)


def _integers(block: dict[str, str], key: str, n: int, where: str) -> NDArray[np.int64]:
    words = _words(block, key, n, where)
    if any(len(word) > 9 for word in words):
        raise ValueError(f"{where}: {key} must hold small whole numbers.")
    try:
        return np.array([int(word) for word in words], dtype=np.int64)
    except ValueError as error:
        raise ValueError(f"{where}: {key} must hold whole numbers.") from error


def _floats(block: dict[str, str], key: str, n: int, where: str) -> NDArray[np.float64]:
    words = _words(block, key, n, where)
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"{where}: {key} must hold {n} numbers.") from error
    if not all(map(math.isfinite, values)):
        raise ValueError(f"{where}: {key} must hold finite numbers.")
    return np.array(values, dtype=np.float64)


def _words(block: dict[str, str], key: str, n: int, where: str) -> list[str]:
    text = block.get(key, "")
    if len(text) > _MAX_WORD * n:
        raise ValueError(f"{where} must have {n} values of {key} but has more.")
    words = text.split()
    if len(words) != n:
        raise ValueError(f"{where} must have {n} values of {key} but got {len(words)}.")
    return words
