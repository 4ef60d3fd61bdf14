"""Parameters as positions in [0, 1], for draws, neighbours and the features of a model."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.length import is_number

Floats = NDArray[np.float64]


class Axis:
    """One parameter; choices that are all numbers count as ordered.

    What a host keeps of a value is its internal value: a number, or the position of a choice.

    Args:
        low: The lowest number.
        high: The highest number.
        step: The distance of two numbers; None if there are ever so many.
        log: Whether numbers are alike by their ratio.
        integer: Whether they are whole.
        choices: The values, where they are no numbers of a range.
        ranked: Whether choices are ordered as they stand, whatever they are.
    """

    def __init__(
        self,
        *,
        low: float = 0.0,
        high: float = 1.0,
        step: float | None = None,
        log: bool = False,
        integer: bool = False,
        choices: Sequence[Any] | None = None,
        ranked: bool = False,
    ) -> None:
        self.choices = choices
        self._log = False
        if choices is not None:
            first = np.array(first_of_equals(choices), dtype=np.int64)
            numbers = [choices[i] for i in first if is_number(choices[i])]
            by_size = not ranked and 1 < len(first) == len(numbers)
            self.ordered = by_size or (ranked and len(first) > 1)
            self._order = first[np.argsort(numbers)] if by_size else first
            self.n_values: int | None = len(first)
            return
        self.ordered = True
        self._integer, self._bounds = integer, (low, high)
        self._low, self._high = float(low), float(high)
        self._log = log
        step = 1 if log and integer else step
        self.n_values = None
        if step is not None and not log and math.isfinite(self._high - self._low):
            self.n_values = round((self._high - self._low) / step) + 1
        self._step = step

    def internal_of(self, value: Any) -> float:
        """What a host keeps of a value.

        Raises:
            ValueError: If a choice is none of the parameter's.
        """
        return float(value) if self.choices is None else float(list(self.choices).index(value))

    def internals(self, values: Sequence[Any]) -> Floats:
        """The same of many, of shape (n,); NaN where the parameter cannot have a value."""
        known: dict[Any, float] = {}
        found = np.empty(len(values))
        for row, value in enumerate(values):
            try:
                if value not in known:
                    known[value] = self._internal_or_nan(value)
                found[row] = known[value]
            except TypeError:  # lists and dictionaries have no hash
                found[row] = self._internal_or_nan(value)
        return found

    def _internal_or_nan(self, value: Any) -> float:
        try:
            return self.internal_of(value)
        except ValueError:
            return math.nan

    @property
    def least_step(self) -> float:
        """How far apart values lie on average; 0 if there are ever so many."""
        if self.n_values is not None:
            return 1.0 / self.n_values
        if self.choices is None and self._integer:
            return 1.0 / (self._high - self._low + 1.0)
        return 0.0

    @property
    def n_features(self) -> int:
        """Columns of :meth:`features`."""
        return 1 if self.ordered else len(self._order)

    def positions(self, internals: Floats) -> Floats:
        """Where internal values lie, of the same shape (n,); NaN where one is."""
        if self.choices is not None:
            places = np.argmax(self._order == internals[:, None], axis=1)
            found = (places + 0.5) / len(self._order)
        elif self.n_values is not None and self._step is not None:
            places = (internals - self._low) / self._step
            found = (places + 0.5) / self.n_values
        elif self._high > self._low:
            low, high, values = self._low, self._high, internals
            if self._log:
                low, high = math.log(low), math.log(high)
                values = np.array([math.log(max(v, self._low)) for v in internals.tolist()])
            found = (values - low) / (high - low)
        else:
            found = np.full(len(internals), 0.5)
        return np.where(np.isnan(internals), np.nan, np.clip(found, 0.0, 1.0))

    def centred(self, share: float) -> float:
        """The position at this share of Beta(2, 2), where there are middle values to prefer.

        That is for parameters with an order and more than three values; others stay uniform.
        """
        if not self.ordered or (self.n_values is not None and self.n_values <= 3):
            return share
        return 0.5 - math.sin(math.asin(1.0 - 2.0 * share) / 3.0)

    def internal(self, positions: Floats) -> Floats:
        """The internal values at these positions, of the same shape."""
        if self.n_values is not None:
            # whole numbers as floats: there may be more of them than an integer holds
            n = float(self.n_values)
            places = np.minimum(np.floor(positions * n), n - 1.0)
            if self.choices is not None:
                return self._order[places.astype(np.intp)].astype(np.float64)
            return np.asarray(np.minimum(self._low + places * (self._step or 1), self._high))
        if not self._log:
            return np.asarray(self._low + positions * (self._high - self._low))
        values = self._low * (self._high / self._low) ** positions
        if self._integer:
            values = np.rint(values)
        return np.asarray(np.clip(values, self._low, self._high))

    def value(self, position: float) -> Any:
        """The parameter's value at a position."""
        internal = float(self.internal(np.array([position]))[0])
        if self.choices is not None:
            return self.choices[int(internal)]
        if self._integer:  # a float near 2**63 may be beyond it
            return min(max(int(internal), int(self._bounds[0])), int(self._bounds[1]))
        return internal

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
        if not (self._log and self._integer):
            return positions
        low, high = math.log(self._low), math.log(self._high)
        return np.asarray((np.log(self.internal(positions)) - low) / (high - low or 1.0))


def first_of_equals(choices: Sequence[Any]) -> list[int]:
    """Where the choices stand that differ from all before: hosts take 1.0 and True for 1."""
    found: dict[Any, int] = {}
    try:
        for i, choice in enumerate(choices):
            found.setdefault(choice, i)
        return list(found.values())
    except TypeError:  # some are lists or dictionaries
        with contextlib.suppress(ValueError):  # or arrays, which are not compared
            return [i for i, choice in enumerate(choices) if choice not in choices[:i]]
        return list(range(len(choices)))


def positions_of(configs: Sequence[Mapping[str, Any]], axes: Mapping[str, Axis]) -> Floats:
    """Array of shape (n_configs, n_axes); NaN where a parameter is absent or its value unknown."""
    found = np.full((len(configs), len(axes)), np.nan)
    for column, (name, axis) in enumerate(axes.items()):
        rows = [row for row, config in enumerate(configs) if name in config]
        internals = axis.internals([configs[row][name] for row in rows])
        found[rows, column] = axis.positions(internals)
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
    present_in = [np.flatnonzero(~np.isnan(parent)) for parent in parents]
    chosen = rng.integers(len(parents), size=n)
    children = parents[chosen].copy()
    n_changes = rng.integers(1, 4, size=n)
    for child, parent, changes in zip(children, chosen.tolist(), n_changes.tolist(), strict=True):
        present = present_in[parent]
        if not len(present):
            child[:] = rng.random(len(child))
            continue
        for column in present[rng.integers(len(present), size=changes)].tolist():
            axis = axes[column]
            if axis.ordered and (axis.n_values or 5) > 4 and rng.random() < 0.7:
                child[column] = min(1.0, max(0.0, child[column] + 0.15 * rng.standard_normal()))
            else:
                child[column] = rng.random()
    return children
