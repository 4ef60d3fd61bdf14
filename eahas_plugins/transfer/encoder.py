"""Configurations of any host as points for a Gaussian process."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eahas_plugins.models.kwh import Choice, Column, Number
from eahas_plugins.transfer.study import fitted, is_number, same

Floats = NDArray[np.float64]


class Encoder:
    """Makes features of parameters.

    Numbers become a part of their range, choices of numbers a place in their order; other choices
    have a feature each, any two 1 apart. What is absent is in the middle.

    Args:
        columns: The parameters by name.
    """

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.columns = dict(columns)
        self._places = {
            name: _places(column) for name, column in columns.items() if isinstance(column, Choice)
        }

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> dict[str, Floats]:
        """Values of numbers and positions of choices, each of shape (n_configs,); NaN if absent.

        Numbers outside of their range are clipped to it, unknown choices are absent.
        """
        inside = [fitted(config, self.columns) for config in configs]
        return {
            name: np.array([_number(column, config, name) for config in inside])
            for name, column in self.columns.items()
        }

    def features(self, encoded: Mapping[str, ArrayLike], n: int) -> Floats:
        """Array of shape (n, n_features).

        Args:
            encoded: What `encode` returns; columns that are missing count as absent.
            n: How many configurations.
        """
        blocks: list[Floats] = [np.zeros((n, 0))]
        for name, column in self.columns.items():
            absent = np.full(n, np.nan)
            values = np.broadcast_to(np.asarray(encoded.get(name, absent), dtype=np.float64), (n,))
            if isinstance(column, Number):
                blocks.append(_shares(column, values)[:, None])
                continue
            places = self._places[name]
            if places is None:
                hot = values[:, None] == np.arange(len(column.values))
                blocks.append(hot / math.sqrt(2.0))
            else:
                known = ~np.isnan(values)
                share = np.full(n, 0.5)
                share[known] = places[values[known].astype(np.intp)]
                blocks.append(share[:, None])
        return np.concatenate(blocks, axis=1)


def _shares(column: Number, values: Floats) -> Floats:
    """Parts of the range, 0.5 where absent."""
    if not column.high > column.low:
        return np.full(len(values), 0.5)
    inside = np.clip(values, column.low, column.high)
    return np.nan_to_num(0.5 + 0.5 * column.scaled(inside), nan=0.5)


def _places(column: Choice) -> Floats | None:
    """The place of each choice in the order of choices that are numbers; None of others."""
    if len(column.values) < 2 or not all(map(is_number, column.values)):
        return None
    order = np.argsort(np.asarray(column.values, dtype=np.float64), kind="stable")
    places = np.empty(len(order))
    places[order] = (np.arange(len(order)) + 0.5) / len(order)
    return places


def _number(column: Column, config: Mapping[str, Any], name: str) -> float:
    if name not in config:
        return math.nan
    if isinstance(column, Number):
        return float(config[name])
    return float(next(i for i, v in enumerate(column.values) if same(config[name], v)))
