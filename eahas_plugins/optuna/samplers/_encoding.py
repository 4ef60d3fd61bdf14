"""Optuna's parameters as positions in [0, 1], and as features of a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from eahas_plugins.models import axes
from eahas_plugins.models.kwh import Number
from eahas_plugins.optuna._trials import column_of

Floats = NDArray[np.float64]


class Axis(axes.Axis):
    """One parameter of Optuna's.

    Args:
        distribution: One of Optuna's.

    Raises:
        TypeError: If it is none.
    """

    def __init__(self, distribution: BaseDistribution) -> None:
        if isinstance(distribution, CategoricalDistribution):
            super().__init__(choices=distribution.choices)
        elif isinstance(distribution, FloatDistribution | IntDistribution):
            super().__init__(
                low=distribution.low,
                high=distribution.high,
                step=distribution.step,
                log=distribution.log,
                integer=isinstance(distribution, IntDistribution),
            )
        else:
            raise TypeError(f"distribution must be one of Optuna's but got {distribution!r}.")
        self._distribution = distribution

    def internal_of(self, value: Any) -> float:
        """Optuna's internal value.

        Raises:
            ValueError: If the parameter cannot have the value.
        """
        return float(self._distribution.to_internal_repr(value))


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
