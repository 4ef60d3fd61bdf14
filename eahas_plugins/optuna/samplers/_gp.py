"""A small Gaussian process in NumPy that predicts rewards of mixed configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from eahas_plugins.models.gaussian_process import matern, squared_distances
from eahas_plugins.models.kwh import Number
from eahas_plugins.optuna._trials import column_of

Floats = NDArray[np.float64]

_LENGTHS = (0.5, 1.0, 2.0, 4.0)  # of the kernel, in units of one parameter's whole range
_NOISES = (1e-3, 1e-2, 1e-1)  # variance, as a part of the rewards' variance


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


class GaussianProcess:
    """Regression with a Matern-5/2 kernel whose length and noise maximise the evidence on a grid.

    Args:
        x: Array of shape (n, n_features).
        y: Array of shape (n,).
    """

    def __init__(self, x: Floats, y: Floats) -> None:
        self._x = x
        self._mean = float(y.mean())
        self._scale = float(y.std()) or 1.0
        z = (y - self._mean) / self._scale
        distances = np.sqrt(squared_distances(x, x))
        best = -np.inf
        for length in _LENGTHS:
            kernel = matern(np.sqrt(5.0) * (distances / length))
            for noise in _NOISES:
                factor = np.linalg.cholesky(kernel + (noise + 1e-9) * np.eye(len(z)))
                half = np.linalg.solve(factor, z)
                evidence = -0.5 * float(half @ half) - float(np.log(np.diag(factor)).sum())
                if evidence > best:
                    best = evidence
                    self._length, self._factor, self._half = length, factor, half

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the function at ``x``, each of shape (n,)."""
        cross = np.linalg.solve(self._factor, self._kernel(x))
        mean = cross.T @ self._half
        variance = np.maximum(1.0 - np.sum(cross**2, axis=0), 1e-12)
        return self._mean + self._scale * mean, self._scale * np.sqrt(variance)

    def _kernel(self, x: Floats) -> Floats:
        distances = np.sqrt(squared_distances(self._x, x))
        return matern(np.sqrt(5.0) * (distances / self._length))
