"""Configurations as the features of a linear model of log kWh."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# ridge penalties: the size of an effect is believed before its details
_LINEAR_PENALTY = 0.3
_DETAIL_PENALTY = 3.0

_LOWEST = 1e-3  # of the range's low: a logarithm takes nothing smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A numeric hyperparameter.

    Args:
        low: Smallest value.
        high: Largest value.
        log: Whether its logarithm is what counts.
    """

    low: float
    high: float
    log: bool = False

    def scaled(self, values: Floats) -> Floats:
        """Values on the hyperparameter's own scale, in about [-1, 1]."""
        low, high = self.bounds(log=self.log)
        return _scaled(np.log(values) if self.log else values, low + high, _span(low, high))

    @property
    def scales(self) -> tuple[bool, ...]:
        """On which scales it is a feature, True for the logarithmic one; its own comes first."""
        if self.log:
            return (True,)
        return (False, True) if self.low > 0.0 else (False,)

    def bounds(self, *, log: bool) -> tuple[float, float]:
        """Low and high, or their logarithms."""
        return (math.log(self.low), math.log(self.high)) if log else (self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A hyperparameter with a few values. If all are positive numbers, their size counts too.

    Args:
        values: The values, in any order.
    """

    values: tuple[Any, ...]

    @property
    def log_sizes(self) -> Floats | None:
        """Logarithms of the values, if those are different positive numbers."""
        numbers = [v for v in self.values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) < len(self.values) or not min(numbers) > 0 or len(set(numbers)) < 2:
            return None
        return np.log(np.asarray(numbers, dtype=np.float64))


Column = Number | Choice


class _Scale(NamedTuple):
    """A feature that is a number: its row, the column it is read from, and its range."""

    row: int
    column: int
    low: float
    high: float


class Features:
    """Encodes columns into a matrix with few array operations: samplers do it at every choice.

    In this order: a one; of each column its scales (of a number) or its size and positions (of a
    choice), and whether it is inactive; last the products of any two numbers.

    Args:
        columns: The hyperparameters by name.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._names = list(columns)
        penalty = [1e-9]  # the level is not shrunk towards zero, only made solvable
        logs: list[_Scale] = []
        others: list[_Scale] = []
        sizes: list[_Scale] = []
        own: list[int] = []  # rows of the numbers on their own scales
        hot: list[tuple[int, int, int]] = []  # row, column, position
        inactive: list[int] = []
        self._log_sizes: list[tuple[int, Floats]] = []
        for at, column in enumerate(columns.values()):
            if isinstance(column, Number):
                own.append(len(penalty))
                for log in column.scales:
                    scale = _Scale(len(penalty), at, *column.bounds(log=log))
                    (logs if log else others).append(scale)
                    penalty.append(_LINEAR_PENALTY)
            else:
                log_sizes = column.log_sizes
                if log_sizes is not None:
                    low, high = float(log_sizes.min()), float(log_sizes.max())
                    sizes.append(_Scale(len(penalty), at, low, high))
                    self._log_sizes.append((at, log_sizes))
                    penalty.append(_LINEAR_PENALTY)
                for position in range(len(column.values)):
                    hot.append((len(penalty), at, position))
                    penalty.append(_LINEAR_PENALTY if log_sizes is None else _DETAIL_PENALTY)
            inactive.append(len(penalty))
            penalty.append(_LINEAR_PENALTY)
        scales = [*logs, *others, *sizes]
        self._n_logs, self._n_numbers = len(logs), len(logs) + len(others)
        self._lowest = _LOWEST * np.exp([[scale.low] for scale in logs]).reshape(-1, 1)
        self._scale_rows = np.array([scale.row for scale in scales], dtype=np.intp)
        self._scale_columns = np.array([scale.column for scale in scales], dtype=np.intp)
        self._sum = np.array([scale.low + scale.high for scale in scales]).reshape(-1, 1)
        self._span = np.array([_span(scale.low, scale.high) for scale in scales]).reshape(-1, 1)
        self._hot = np.array(hot, dtype=np.intp).reshape(-1, 3).T
        self._inactive_rows = np.array(inactive, dtype=np.intp)
        pairs = [(i, j) for n, i in enumerate(own) for j in own[n:]]
        self._pairs = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        self._n_linear = len(penalty)
        self.penalty = np.array(penalty + [_DETAIL_PENALTY] * len(pairs))
        """Ridge penalty of each feature."""

    def __call__(self, *encoded: Mapping[str, ArrayLike]) -> Floats:
        """Array of shape (n_configs, n_features).

        Args:
            *encoded: Values of numbers and positions of choices, NaN where inactive, by name:
                arrays of shape (n_configs,), or (1,) for what all configurations share. Several
                are several groups of configurations, one after the other.
        """
        groups = [{name: np.asarray(array) for name, array in group.items()} for group in encoded]
        sizes = [max(array.size for array in group.values()) for group in groups]
        n_configs = sum(sizes)
        values = np.full((len(self._names), n_configs), np.nan)
        end = 0
        for group, size in zip(groups, sizes, strict=True):
            start, end = end, end + size
            for row, name in enumerate(self._names):
                if name in group:
                    values[row, start:end] = group[name]
        inactive = np.isnan(values)
        features = np.empty((len(self.penalty), n_configs))
        features[0] = 1.0
        features[self._inactive_rows] = inactive
        if self._scale_rows.size:
            scales = _scaled(self._raw(values, inactive), self._sum, self._span)
            if inactive.any():
                scales[inactive[self._scale_columns]] = 0.0
            features[self._scale_rows] = scales
        rows, columns, positions = self._hot
        if rows.size:
            features[rows] = values[columns] == positions[:, np.newaxis]
        left, right = self._pairs
        np.multiply(features[left], features[right], out=features[self._n_linear :])
        return np.ascontiguousarray(features.T)

    def _raw(self, values: Floats, inactive: NDArray[np.bool_]) -> Floats:
        """What is to be scaled: logarithms, values as they are, sizes of choices."""
        raw = values[self._scale_columns]
        logs = raw[: self._n_logs]
        np.log(np.maximum(logs, self._lowest, out=logs), out=logs)
        for row, (column, log_sizes) in enumerate(self._log_sizes, start=self._n_numbers):
            positions = np.where(inactive[column], 0.0, values[column])
            raw[row] = log_sizes[positions.astype(np.intp)]
        return raw


def _span(low: float, high: float) -> float:
    return high - low if high > low else math.inf  # then it is always 0


def _scaled(values: Floats, total: float | Floats, span: float | Floats) -> Floats:
    return np.asarray((2.0 * values - total) / span)
