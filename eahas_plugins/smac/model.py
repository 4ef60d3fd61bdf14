"""A Gaussian process over all rungs as SMAC's model, and the data it learns from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace, OrdinalHyperparameter
from numpy.typing import NDArray
from smac.model.abstract_model import AbstractModel
from smac.runhistory import StatusType, TrialKey, TrialValue
from smac.runhistory.encoder.log_encoder import RunHistoryLogEncoder
from smac.scenario import Scenario

from eahas_plugins.models.gaussian_process import ArdProcess

Floats = NDArray[np.float64]

_ENDED = [StatusType.SUCCESS, StatusType.CRASHED, StatusType.TIMEOUT, StatusType.MEMORYOUT]


class RungEncoder(RunHistoryLogEncoder):
    """Shows a model the trials of every rung: log costs as they would be on the highest.

    SMAC's own encoders show the highest rung that has trials, and the first training there hides
    all shorter ones. Here a configuration counts with its highest rung, failed trials too; costs on
    lower rungs are multiplied by the mean ratio that configurations with both have shown, drawn
    towards 1 as one observation would.

    Args:
        scenario: SMAC's scenario.
        **kwargs: Other arguments of SMAC's encoder.
    """

    def __init__(self, scenario: Scenario, **kwargs: Any) -> None:
        super().__init__(scenario, **{"lower_budget_states": _ENDED, **kwargs})

    def _build_matrix(
        self, trials: Mapping[TrialKey, TrialValue], store_statistics: bool = False
    ) -> tuple[Floats, Floats]:
        return super()._build_matrix(at_highest_rung(trials), store_statistics)


def at_highest_rung(trials: Mapping[TrialKey, TrialValue]) -> dict[TrialKey, TrialValue]:
    """The trial of each configuration's highest rung, with the cost expected on the highest."""
    best: dict[tuple[Any, ...], TrialKey] = {}
    for key in trials:
        who = (key.config_id, key.instance, key.seed)
        if who not in best or (key.budget or 0.0) > (best[who].budget or 0.0):
            best[who] = key
    highest = max((key.budget or 0.0 for key in trials), default=0.0)
    ratios: dict[float | None, list[float]] = {}
    for key, value in trials.items():
        top = best[(key.config_id, key.instance, key.seed)]
        if key != top and top.budget == highest and _comparable(value, trials[top]):
            ratios.setdefault(key.budget, []).append(math.log(_cost(trials[top]) / _cost(value)))
    factors = {rung: math.exp(sum(logs) / (len(logs) + 1)) for rung, logs in ratios.items()}
    found = {}
    for key in best.values():
        value, factor = trials[key], factors.get(key.budget, 1.0)
        if factor != 1.0 and _comparable(value):
            value = dataclasses.replace(value, cost=_cost(value) * factor)
        found[key] = value
    return found


def _cost(value: TrialValue) -> float:
    assert not isinstance(value.cost, list)
    return float(value.cost)


def _comparable(*values: TrialValue) -> bool:
    """Whether all trials are complete trainings with one positive cost."""
    return all(
        value.status == StatusType.SUCCESS
        and not value.additional_info.get("truncated")
        and not isinstance(value.cost, list)
        and value.cost > 0.0
        for value in values
    )


class ArdModel(AbstractModel):
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
        self._max_trials = max_trials
        self._process: ArdProcess | None = None

    def _train(self, X: Floats, Y: Floats) -> ArdModel:
        values = -Y.mean(axis=1)
        if len(X) > self._max_trials:
            n_latest = self._max_trials // 2
            best = np.argsort(-values[:-n_latest], kind="stable")[: self._max_trials - n_latest]
            kept = np.append(np.sort(best), np.arange(len(X) - n_latest, len(X)))
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
        for position, hyperparameter in enumerate(self._configspace.values()):
            x = X[:, position]
            if isinstance(hyperparameter, CategoricalHyperparameter):
                hot = x[:, None] == np.arange(len(hyperparameter.choices))
                columns += list(hot.T / math.sqrt(2.0))
            elif isinstance(hyperparameter, OrdinalHyperparameter):
                columns.append(np.nan_to_num(x / max(1, len(hyperparameter.sequence) - 1), nan=0.5))
            else:
                columns.append(np.nan_to_num(x, nan=0.5))
        return np.stack([*columns, *X[:, len(self._configspace) :].T], axis=1)
