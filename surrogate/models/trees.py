"""Forests of regression trees as flat arrays, evaluated in NumPy, with or without vector leaves.

Fitting needs XGBoost; predicting needs only this module. Trees are walked level by level, all
trees of a row (or all rows of a tree) at once, so that no Python loop sees a single node.

References:
    Chen and Guestrin (2016), XGBoost, eq. 1: the prediction is the sum over trees of the leaf that
    a row falls into; leaves are vectors here, one number per output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MAX_DEPTH = 1000
"""Levels of a tree; every query walks them all."""
_FEW_ROWS = 48
"""Up to this many rows all trees are walked together, above it all rows of one tree."""
_ROWS_PER_CHUNK = 2048
"""Rows walked together, so that the temporaries stay in the cache and memory stays bounded."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trees:
    """A sum of regression trees, each leaf holding one number per output.

    A row goes left where ``x[feature] <= threshold``. A leaf points to itself.

    Args:
        feature: Array of shape (n_nodes,): the feature a node looks at; any legal one in a leaf.
        threshold: Array of shape (n_nodes,): the largest value that goes left.
        left: Array of shape (n_nodes,): the node that follows on the left.
        right: Array of shape (n_nodes,): the node that follows on the right.
        value: Array of shape (n_nodes, n_outputs); read in leaves only.
        roots: Array of shape (n_trees,): the first node of each tree.
        base: Array of shape (n_outputs,): added to the sum.

    Raises:
        ValueError: If the shapes disagree or the nodes do not form trees.
    """

    feature: NDArray[Any]
    threshold: Floats
    left: NDArray[Any]
    right: NDArray[Any]
    value: NDArray[Any]
    roots: NDArray[Any]
    base: Floats
    # Nodes in the order of their level, siblings side by side: the right child is left + 1.
    _feature: NDArray[np.intp] = field(init=False, repr=False)
    _threshold: Floats = field(init=False, repr=False)
    _left: NDArray[np.intp] = field(init=False, repr=False)
    _value: NDArray[Any] = field(init=False, repr=False)
    _roots: NDArray[np.intp] = field(init=False, repr=False)
    _depths: tuple[int, ...] = field(init=False, repr=False)
    _n_features: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._check()
        order, first_child, depths = _by_level(self.left, self.right, self.roots)
        leaf, feature = first_child < 0, self.feature[order].astype(np.intp)
        # A leaf is left of infinity, and so its own successor for ever.
        compiled = {
            "_feature": np.where(leaf, 0, feature),
            "_threshold": np.where(leaf, np.inf, self.threshold[order]).astype(np.float64),
            "_left": np.where(leaf, np.arange(len(order)), first_child).astype(np.intp),
            "_value": np.ascontiguousarray(self.value[order], dtype=np.float64),
            "_roots": np.arange(len(self.roots)),
            "_depths": depths,
            "_n_features": int(feature[~leaf].max(initial=-1)) + 1,
        }
        for name, entry in compiled.items():
            object.__setattr__(self, name, entry)

    @property
    def n_outputs(self) -> int:
        """Numbers predicted for a row."""
        return len(self.base)

    @property
    def n_features(self) -> int:
        """The least number of columns that a row must have."""
        return self._n_features

    def predict(self, X: ArrayLike) -> Floats:
        """Predictions of many rows.

        Args:
            X: Array of shape (n, n_features). A value that is not a number goes left.

        Returns:
            Array of shape (n, n_outputs).

        Raises:
            ValueError: If X has too few columns.
        """
        X = np.ascontiguousarray(X, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] < self.n_features:
            raise ValueError(f"X must have shape (n, >= {self.n_features}) but got {X.shape}.")
        if len(X) <= _FEW_ROWS:
            leaves = self._walk_row(X[0])[None] if len(X) == 1 else self._walk(X, self._roots)
            # A product with ones is the fastest sum of a few hundred rows.
            ones = np.ones(len(self.roots))
            return np.asarray(ones @ self._value.take(leaves, axis=0) + self.base)
        out = np.empty((len(X), self.n_outputs))
        for start in range(0, len(X), _ROWS_PER_CHUNK):
            chunk = np.ascontiguousarray(X[start : start + _ROWS_PER_CHUNK].T)
            first = self._feature * chunk.shape[1]  # of each node's column
            total = out[start : start + _ROWS_PER_CHUNK]
            total[:] = self.base
            for root, depth in enumerate(self._depths):
                total += self._value.take(self._walk_tree(chunk, first, root, depth), axis=0)
        return out

    def predict_members(self, X: ArrayLike, n_members: int) -> Floats:
        """Predictions of the members of an ensemble whose mean :meth:`predict` gives.

        The first ``n_trees / n_members`` trees are the first member, each scaled by
        ``1 / n_members``, and so on.

        Returns:
            Array of shape (n_members, n, n_outputs).

        Raises:
            ValueError: If the trees cannot be divided among so many members.
        """
        X = np.ascontiguousarray(X, dtype=np.float64)
        if len(self.roots) % n_members:
            raise ValueError(
                f"{n_members} members must have equally many of {len(self.roots)} trees."
            )
        out = np.empty((n_members, len(X), self.n_outputs))
        for start in range(0, len(X), _FEW_ROWS):
            leaves = self._walk(X[start : start + _FEW_ROWS], self._roots)
            grouped = leaves.reshape(len(leaves), n_members, -1)
            total = self._value.take(grouped, axis=0).sum(axis=2)
            out[:, start : start + _FEW_ROWS] = (n_members * total + self.base).swapaxes(0, 1)
        return out

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The least that :meth:`from_arrays` needs, in small types; values become float32."""
        inner = self._left != np.arange(len(self._left))
        return {
            "is_inner": np.packbits(inner),
            "inner_feature": self._feature[inner].astype(np.uint8),
            "inner_threshold": self._threshold[inner],
            "leaf_value": self._value[~inner].astype(np.float32),
            "base": self.base,
            "n_trees": np.array(len(self.roots)),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Trees:
        """The trees of :meth:`to_arrays`.

        Raises:
            KeyError: If an array is missing.
            ValueError: If the arrays do not describe trees.
        """
        n_trees, n_inner = int(arrays["n_trees"]), len(arrays["inner_feature"])
        n_nodes = n_inner + len(arrays["leaf_value"])
        packed = arrays["is_inner"]
        if packed.dtype != np.uint8 or packed.shape != ((n_nodes + 7) // 8,):
            raise ValueError(f"is_inner must have a bit for each of {n_nodes} nodes.")
        inner = np.unpackbits(packed, count=n_nodes).astype(bool)
        # Every node but the roots is one of the two children of an inner one.
        if (
            not 0 <= n_trees <= n_nodes
            or n_nodes != n_trees + 2 * n_inner
            or inner.sum() != n_inner
        ):
            raise ValueError(
                f"{n_trees} trees with {n_inner} inner nodes must have {n_trees + 2 * n_inner} "
                f"nodes but have {n_nodes}, of which {int(inner.sum())} are inner."
            )
        nodes = np.arange(n_nodes)
        # In the order of levels the i-th inner node's children are the i-th pair after the roots.
        first_child = n_trees + 2 * (np.cumsum(inner) - 1)
        feature, threshold = np.zeros(n_nodes, np.intp), np.full(n_nodes, np.inf)
        feature[inner] = arrays["inner_feature"]
        threshold[inner] = arrays["inner_threshold"]
        value = np.zeros((n_nodes, len(arrays["base"])), dtype=np.float32)
        value[~inner] = arrays["leaf_value"]
        return cls(
            feature=feature,
            threshold=threshold,
            left=np.where(inner, first_child, nodes),
            right=np.where(inner, first_child + 1, nodes),
            value=value,
            roots=np.arange(n_trees),
            base=arrays["base"],
        )

    def _walk_row(self, x: Floats) -> NDArray[np.intp]:
        """The leaf of one row in each tree, of shape (n_trees,)."""
        feature, threshold, left = self._feature, self._threshold, self._left
        node, depth, n_trees = self._roots, max(self._depths, default=0), len(self._roots)
        if depth:  # all trees are at their root, and roots come first: no need to gather
            node = left[:n_trees] + (x[feature[:n_trees]] > threshold[:n_trees])
        for _ in range(1, depth):
            right = x[feature[node]] > threshold[node]  # for one dimension faster than take
            node = left[node]
            node += right
        return node

    def _walk(self, X: Floats, roots: NDArray[np.intp]) -> NDArray[np.intp]:
        """The leaf of each row in each of these trees, of shape (n, n_trees)."""
        n, n_columns = X.shape
        flat = X.reshape(-1)
        node = np.broadcast_to(roots, (n, len(roots)))
        offset = np.arange(0, n * n_columns, n_columns)[:, None]
        for _ in range(max(self._depths, default=0)):
            index = self._feature.take(node)
            index += offset
            right = flat.take(index) > self._threshold.take(node)
            node = self._left.take(node)
            node += right
        return node

    def _walk_tree(
        self, columns: Floats, first: NDArray[np.intp], root: int, depth: int
    ) -> NDArray[np.intp]:
        """The leaf of each row in one tree.

        Args:
            columns: Array of shape (n_features, n).
            first: Array of shape (n_nodes,): where the column of each node begins.
            root: The tree.
            depth: Its depth.
        """
        n = columns.shape[1]
        flat, row = columns.reshape(-1), np.arange(n)
        node = np.full(n, root)
        if depth:  # all rows are at the root: no need to gather
            node[:] = self._left[root]
            node += columns[self._feature[root]] > self._threshold[root]
        for _ in range(1, depth):
            index = first.take(node)
            index += row
            right = flat.take(index) > self._threshold.take(node)
            node = self._left.take(node)
            node += right
        return node

    def _check(self) -> None:
        if self.left.ndim != 1 or self.base.ndim != 1:
            raise ValueError("left and base must have one dimension.")
        n_nodes = len(self.left)
        shapes = {
            "feature": (self.feature, (n_nodes,)),
            "threshold": (self.threshold, (n_nodes,)),
            "right": (self.right, (n_nodes,)),
            "value": (self.value, (n_nodes, len(self.base))),
            "roots": (self.roots, (len(self.roots),)),
        }
        for name, (array, shape) in shapes.items():
            if array.shape != shape:
                raise ValueError(f"{name} must have shape {shape} but got {array.shape}.")
        for name, array in (("left", self.left), ("right", self.right), ("roots", self.roots)):
            if array.dtype.kind not in "iu":
                raise ValueError(f"{name} must hold integers but has {array.dtype}.")
            if len(array) and not (array.min() >= 0 and array.max() < n_nodes):
                raise ValueError(f"{name} must name nodes 0 .. {n_nodes - 1}.")
        if self.feature.dtype.kind not in "iu":
            raise ValueError(f"feature must hold integers but has {self.feature.dtype}.")
        if n_nodes and not self.feature.min() >= 0:
            raise ValueError("feature must not be negative.")
        if np.isnan(self.threshold).any():
            raise ValueError("threshold must not be NaN.")


def _by_level(
    left: NDArray[Any], right: NDArray[Any], roots: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[int, ...]]:
    """Nodes in the order of their level, where each one's left child comes (or -1), tree depths."""
    level, tree = np.asarray(roots, dtype=np.intp), np.arange(len(roots))
    depths = np.zeros(len(roots), dtype=np.intp)
    order, first_child, n_seen, depth = [level], [np.empty(0, np.intp)], len(level), 0
    while len(level):
        depths[tree] = depth
        inner = left[level] != level
        if n_seen + 2 * int(inner.sum()) > len(left):
            raise ValueError("the nodes must form trees, but one is reached in two ways.")
        first_child.append(np.where(inner, n_seen + 2 * (np.cumsum(inner) - 1), -1))
        parents = level[inner]
        level = np.stack([left[parents], right[parents]], axis=1).reshape(-1).astype(np.intp)
        tree = np.repeat(tree[inner], 2)
        order.append(level)
        n_seen += len(level)
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"trees must be at most {MAX_DEPTH} deep.")
    return np.concatenate(order), np.concatenate(first_child), tuple(depths.tolist())
