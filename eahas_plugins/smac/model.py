"""A Gaussian process over all rungs as SMAC's model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter
from numpy.typing import NDArray
from smac.model.abstract_model import AbstractModel

from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.policy import best_and_latest

Floats = NDArray[np.float64]


class GaussianProcessModel(AbstractModel):
    """A Gaussian process that learns which hyperparameters count, with noise.

    A Matern-5/2 kernel with a length for each; choices without an order are one apart.

    Args:
        configspace: SMAC's space.
        max_trials: Trials that it learns from: half of them the best, half the latest. At least 2.
        **kwargs: Other arguments of SMAC's ``AbstractModel``.

    Raises:
        ValueError: If ``max_trials`` is out of range.
    """

    def __init__(
        self, configspace: ConfigurationSpace, *, max_trials: int = 200, **kwargs: Any
    ) -> None:
        if not max_trials >= 2:
            raise ValueError(f"max_trials must be at least 2 but got {max_trials}.")
        super().__init__(configspace, **kwargs)
        self.space = configspace
        self._max_trials = max_trials
        self._process: ArdProcess | None = None

    def _train(self, X: Floats, Y: Floats) -> GaussianProcessModel:
        values = -Y.mean(axis=1)
        if len(X) > self._max_trials:
            kept = np.sort(best_and_latest(values, n=self._max_trials))
            X, values = X[kept], values[kept]
        features = self._features(X)
        if self._process is None or len(self._process.theta) != features.shape[1] + 1:
            self._process = ArdProcess(features.shape[1])
        self._process.fit(features, values)
        return self

    def _predict(
        self, X: Floats, covariance_type: str | None = "diagonal"
    ) -> tuple[Floats, Floats | None]:
        if covariance_type not in ("diagonal", "std", None):
            raise ValueError(
                f"covariance_type must be 'diagonal', 'std' or None but got {covariance_type!r}."
            )
        if self._process is None:
            raise ValueError("the model must be trained before it predicts: call train.")
        mean, deviation = self._process.predict(self._features(X))
        spread = None if covariance_type is None else deviation[:, None]
        if spread is not None and covariance_type == "diagonal":
            spread = spread**2
        return -mean[:, None], spread

    def _features(self, X: Floats) -> Floats:
        """Array of shape (n, n_features) from SMAC's vectors; the middle for what is inactive."""
        columns: list[Floats] = []
        for position, hyperparameter in enumerate(self.space.values()):
            x = X[:, position]
            if isinstance(hyperparameter, CategoricalHyperparameter):
                hot = x[:, None] == np.arange(len(hyperparameter.choices))
                columns += list(hot.T / math.sqrt(2.0))
            elif isinstance(hyperparameter, OrdinalHyperparameter):
                columns.append(np.nan_to_num(x / max(1, len(hyperparameter.sequence) - 1), nan=0.5))
            else:
                columns.append(np.nan_to_num(x, nan=0.5))
        return np.stack([*columns, *X[:, len(self.space) :].T], axis=1)
