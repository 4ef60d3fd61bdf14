"""Joining forests: outputs side by side, and members of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models.trees import Trees

Floats = NDArray[np.float64]


def side_by_side(parts: Sequence[Trees]) -> Trees:
    """One forest with the outputs of all parts, in order."""
    n_outputs = sum(part.n_outputs for part in parts)
    padded, column = [], 0
    for part in parts:
        value = np.zeros((len(part.value), n_outputs), dtype=part.value.dtype)
        value[:, column : column + part.n_outputs] = part.value
        padded.append(value)
        column += part.n_outputs
    return _join(parts, padded, np.concatenate([part.base for part in parts]))


def mean_of(members: Sequence[Trees]) -> Trees:
    """The mean of members; as ``Trees.predict_members`` wants them, all have one base."""
    base = np.mean([member.base for member in members], axis=0)
    values = []
    for member in members:
        # What a member's base differs by goes into the leaves of its first tree.
        value = member.value.copy()
        value[_reachable(member, int(member.roots[0]))] += (member.base - base).astype(value.dtype)
        values.append(value / len(members))
    return _join(members, values, base)


def _reachable(trees: Trees, root: int) -> NDArray[np.int64]:
    found, level = [np.array([root])], np.array([root])
    while len(level := level[trees.left[level] != level]):
        level = np.concatenate([trees.left[level], trees.right[level]])
        found.append(level)
    return np.concatenate(found)


def _join(parts: Sequence[Trees], values: Sequence[NDArray[Any]], base: Floats) -> Trees:
    starts = np.concatenate([[0], np.cumsum([len(part.left) for part in parts])])
    return Trees(
        feature=np.concatenate([part.feature for part in parts]),
        threshold=np.concatenate([part.threshold for part in parts]),
        left=np.concatenate([p.left + s for p, s in zip(parts, starts, strict=False)]),
        right=np.concatenate([p.right + s for p, s in zip(parts, starts, strict=False)]),
        value=np.concatenate(values),
        roots=np.concatenate([p.roots + s for p, s in zip(parts, starts, strict=False)]),
        base=base,
    )


def with_base(trees: Trees, base: Floats) -> Trees:
    """The same trees on another base."""
    return _join([trees], [trees.value], base)
