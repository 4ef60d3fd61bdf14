"""Parameters as positions in [0, 1], for draws, neighbours and the features of a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from eahas_plugins.models.kwh import Number
from eahas_plugins.optuna._trials import column_of

Floats = NDArray[np.float64]


class Axis:
    """One parameter; choices that are all numbers count as ordered.

    Args:
        distribution: One of Optuna's.

    Raises:
        TypeError: If it is none.
    """

    def __init__(self, distribution: BaseDistribution) -> None:
        if not isinstance(
            distribution, CategoricalDistribution | FloatDistribution | IntDistribution
        ):
            raise TypeError(f"distribution must be one of Optuna's but got {distribution!r}.")
        self.distribution = distribution
        self._log = False
        if isinstance(distribution, CategoricalDistribution):
            choices = distribution.choices
            numbers = [
                c
                for c in choices
                if isinstance(c, int | float) and not isinstance(c, bool) and c == c
            ]
            self.ordered = 1 < len(choices) == len(numbers)
            self._order = np.argsort(numbers) if self.ordered else np.arange(len(choices))
            self.n_values: int | None = len(choices)
            return
        self.ordered = True
        self._low, self._high = float(distribution.low), float(distribution.high)
        self._log = distribution.log
        step = 1 if self._log and isinstance(distribution, IntDistribution) else distribution.step
        self.n_values = None
        if step is not None and not self._log and math.isfinite(self._high - self._low):
            self.n_values = round((self._high - self._low) / step) + 1
        self._step = step

    @property
    def least_step(self) -> float:
        """How far apart values lie on average; 0 if there are ever so many."""
        if self.n_values is not None:
            return 1.0 / self.n_values
        if isinstance(self.distribution, IntDistribution):
            return 1.0 / (self._high - self._low + 1.0)
        return 0.0

    @property
    def n_features(self) -> int:
        """Columns of :meth:`features`."""
        return 1 if self.ordered else len(self._order)

    def position(self, internal: float) -> float:
        """Where Optuna's internal value lies."""
        if isinstance(self.distribution, CategoricalDistribution):
            return (float(np.argmax(self._order == int(internal))) + 0.5) / len(self._order)
        if self.n_values is not None and self._step is not None:
            place = (internal - self._low) / self._step
            return min(1.0, max(0.0, (place + 0.5) / self.n_values))
        low, high, value = self._low, self._high, internal
        if self._log:
            low, high, value = math.log(low), math.log(high), math.log(max(value, low))
        return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5

    def centred(self, share: float) -> float:
        """The position at this share of Beta(2, 2), where there are middle values to prefer.

        That is for parameters with an order and more than three values; others stay uniform.
        """
        if not self.ordered or (self.n_values is not None and self.n_values <= 3):
            return share
        return 0.5 - math.sin(math.asin(1.0 - 2.0 * share) / 3.0)

    def internal(self, positions: Floats) -> Floats:
        """Optuna's internal values at these positions, of the same shape."""
        if self.n_values is not None:
            # whole numbers as floats: there may be more of them than an integer holds
            n = float(self.n_values)
            places = np.minimum(np.floor(positions * n), n - 1.0)
            if isinstance(self.distribution, CategoricalDistribution):
                return self._order[places.astype(np.intp)].astype(np.float64)
            return np.asarray(np.minimum(self._low + places * (self._step or 1), self._high))
        if not self._log:
            return np.asarray(self._low + positions * (self._high - self._low))
        values = self._low * (self._high / self._low) ** positions
        if isinstance(self.distribution, IntDistribution):
            values = np.rint(values)
        return np.asarray(np.clip(values, self._low, self._high))

    def value(self, position: float) -> Any:
        """The parameter's value at a position."""
        internal = float(self.internal(np.array([position]))[0])
        if isinstance(self.distribution, IntDistribution):  # a float near 2**63 may be beyond it
            return min(max(int(internal), self.distribution.low), self.distribution.high)
        return self.distribution.to_external_repr(internal)

    def features(self, positions: Floats) -> Floats:
        """Array of shape (n, n_features): the position, or one column per choice, 1 apart.

        A position is that of the value it stands for: what gives the same value is the same.
        """
        if self.ordered:
            return self._snapped(positions)[:, None]
        n = len(self._order)
        places = np.minimum((positions * n).astype(np.int64), n - 1)
        return np.asarray((places[:, None] == np.arange(n)) / math.sqrt(2.0))

    def _snapped(self, positions: Floats) -> Floats:
        """The positions of the values at these positions."""
        if self.n_values is not None:
            n = float(self.n_values)
            return np.asarray((np.minimum(np.floor(positions * n), n - 1.0) + 0.5) / n)
        if not (self._log and isinstance(self.distribution, IntDistribution)):
            return positions
        low, high = math.log(self._low), math.log(self._high)
        return np.asarray((np.log(self.internal(positions)) - low) / (high - low or 1.0))


def positions_of(configs: Sequence[Mapping[str, Any]], axes: Mapping[str, Axis]) -> Floats:
    """Array of shape (n_configs, n_axes); NaN where a parameter is absent or its value unknown."""
    found = np.full((len(configs), len(axes)), np.nan)
    for row, config in enumerate(configs):
        for column, (name, axis) in enumerate(axes.items()):
            if name in config:
                try:
                    internal = axis.distribution.to_internal_repr(config[name])
                except ValueError:
                    continue
                found[row, column] = axis.position(internal)
    return found


def filled(positions: Floats) -> Floats:
    """The middle for what a configuration does not have."""
    return np.nan_to_num(positions, nan=0.5)


def stratum(name: str, place: int, n: int, seed: int) -> float:
    """Position of a parameter in the ``place``-th of ``n`` draws of a Latin hypercube."""
    rng = np.random.default_rng([seed, crc32(name.encode())])
    return float((rng.permutation(n)[place] + rng.random(n)[place]) / n)


def neighbours(parents: Floats, axes: Sequence[Axis], n: int, rng: np.random.Generator) -> Floats:
    """Positions of shape (n, n_axes): random parents, one to three parameters of each changed.

    What a parent does not have (NaN) is left alone: it would change nothing. One that has nothing
    is drawn anew.
    """
    children = parents[rng.integers(len(parents), size=n)].copy()
    n_changes = rng.integers(1, 4, size=n)
    for child, changes in zip(children, n_changes.tolist(), strict=True):
        present = np.flatnonzero(~np.isnan(child))
        if not len(present):
            child[:] = rng.random(len(child))
            continue
        for column in rng.choice(present, size=changes).tolist():
            axis = axes[column]
            if axis.ordered and (axis.n_values or 5) > 4 and rng.random() < 0.7:
                child[column] = min(1.0, max(0.0, child[column] + 0.15 * rng.standard_normal()))
            else:
                child[column] = rng.random()
    return children


def encode(configs: Sequence[Mapping[str, Any]], space: Mapping[str, BaseDistribution]) -> Floats:
    """Array of shape (n_configs, n_features): numbers in [0, 1], choices one-hot, absent ones 0."""
    blocks: list[Floats] = []
    for name, distribution in space.items():
        column = column_of(distribution)
        raw = np.array(
            [
                distribution.to_internal_repr(config[name]) if name in config else np.nan
                for config in configs
            ],
            dtype=np.float64,
        )
        if isinstance(column, Number):
            blocks.append(0.5 + 0.5 * column.scaled(raw)[:, np.newaxis])
        else:
            hot = raw[:, np.newaxis] == np.arange(len(column.values))
            blocks.append(hot / np.sqrt(2.0))  # two different choices are 1 apart
    return np.nan_to_num(np.concatenate(blocks, axis=1))
