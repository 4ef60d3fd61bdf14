"""A cheap regression of log kWh on configurations, the same for every host.

Linear in features of the encoded configuration: each number on its scale and its logarithm, the
products of two numbers, one-hot choices and whether a hyperparameter is active. The energy of a
training is close to a product of powers of such quantities, so a ridge regression of its
logarithm does well from a dozen trials on. What an observation costs does not depend on the number
of earlier ones: `ridge.Ridge`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from eahas_plugins.arguments import check_counts
from eahas_plugins.models.kwh_features import Choice, Column, Features, Floats, Number
from eahas_plugins.models.ridge import Ridge

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

__all__ = ["Choice", "Column", "KwhModel", "Number", "columns_of"]


def columns_of(space: ConfigurationSpace) -> dict[str, Column]:
    """The columns of a ConfigSpace; constants have none."""
    from eahas_plugins.spaces import Choices, Fixed, Steps, parameter_of

    columns: dict[str, Column] = {}
    for name, hyperparameter in space.items():
        parameter = parameter_of(hyperparameter)
        if isinstance(parameter, Fixed):
            continue
        if isinstance(parameter, Choices):
            columns[name] = Choice(values=parameter.members)
        elif isinstance(parameter, Steps):
            columns[name] = Number(low=parameter.members[0], high=parameter.members[-1])
        else:
            columns[name] = Number(low=parameter.low, high=parameter.high, log=parameter.log)
    return columns


class KwhModel:
    """Ridge regression of log kWh that learns one trial at a time.

    Example:
        >>> model = KwhModel({"width": Number(low=1, high=64)}, min_observations=3)
        >>> for width in [1, 2, 4, 8, 16, 32, 64] * 5:
        ...     model.add({"width": width}, kwh=0.01 * width)
        >>> bool(abs(model.predict_log_kwh([{"width": 8}])[0] - np.log(0.08)) < 0.1)
        True

    Args:
        columns: The hyperparameters by name. Others are ignored, absent ones are inactive.
        min_observations: It is not ``ready`` before this many. At least 2.

    Raises:
        ValueError: If there are no columns or too few observations are asked for.
    """

    def __init__(self, columns: Mapping[str, Column], *, min_observations: int = 10) -> None:
        if not columns:
            raise ValueError("columns must hold at least one hyperparameter but is empty.")
        check_counts(2, min_observations=min_observations)
        self.columns = dict(columns)
        self.min_observations = min_observations
        self.n_observations = 0
        self._features = Features(self.columns)
        self._ridge = Ridge(self._features.penalty)
        self._new: list[tuple[dict[str, Any], float]] = []  # not in the sums above yet

    @property
    def ready(self) -> bool:
        """Whether it has seen enough to predict."""
        return self.n_observations >= self.min_observations

    def add(self, config: Mapping[str, Any], kwh: float) -> None:
        """Learn the energy of one finished trial; energy that is not positive is ignored."""
        self.add_many([(config, kwh)])

    def add_many(self, observations: Sequence[tuple[Mapping[str, Any], float]]) -> None:
        """Learn many finished trials at once, which is much faster than one by one.

        Args:
            observations: Configurations and their energies, kWh; those that are not positive are
                ignored.
        """
        usable = [(dict(config), kwh) for config, kwh in observations if 0.0 < kwh < math.inf]
        self._new += usable
        self.n_observations += len(usable)

    def predict_log_kwh(
        self,
        configs: Sequence[Mapping[str, Any]],
        *,
        running: Sequence[tuple[Mapping[str, Any], float]] = (),
    ) -> Floats:
        """Natural log of the expected energies, shape (n_configs,).

        Args:
            configs: What to predict.
            running: Running trials with their expected energy in kWh, which count this once.
        """
        return self.predict_encoded(self.encode(configs), running=running)

    def predict_encoded(
        self,
        encoded: Mapping[str, ArrayLike],
        *,
        running: Sequence[tuple[Mapping[str, Any], float]] = (),
    ) -> Floats:
        """The same for columns of numbers: values of numbers, positions of choices, NaN inactive.

        Raises:
            RuntimeError: If the model is not ``ready``.
        """
        known = self._usable(running)
        if not (self._new or known):
            return self._features(encoded) @ self._ridge.coefficients()
        # encoding one row takes as long as encoding thirty, so all are encoded at once
        features = self._features(self.encode([c for c, _ in (*self._new, *known)]), encoded)
        n_observed = len(self._new) + len(known)
        return features[n_observed:] @ self._learnt(features[:n_observed], known)

    def predictor(
        self, *, running: Sequence[tuple[Mapping[str, Any], float]] = ()
    ) -> Callable[[Mapping[str, ArrayLike]], Floats]:
        """`predict_encoded` for many calls, between which nothing is learnt.

        Raises:
            RuntimeError: If the model is not ``ready``.
        """
        known = self._usable(running)
        observed = [config for config, _ in (*self._new, *known)]
        rows = self._features(self.encode(observed)) if observed else None
        coefficients = self._ridge.coefficients() if rows is None else self._learnt(rows, known)
        return lambda encoded: self._features(encoded) @ coefficients

    def _usable(
        self, running: Sequence[tuple[Mapping[str, Any], float]]
    ) -> list[tuple[Mapping[str, Any], float]]:
        if not self.ready:
            raise RuntimeError(
                f"the model must have {self.min_observations} observations but has "
                f"{self.n_observations}: ask `ready` first."
            )
        return [(config, kwh) for config, kwh in running if 0.0 < kwh < math.inf]

    def _learnt(self, rows: Floats, known: Sequence[tuple[Mapping[str, Any], float]]) -> Floats:
        """Coefficients, from the features of new trials, which are learnt, and of running ones."""
        n_new = len(self._new)
        logs = np.log([kwh for _, kwh in (*self._new, *known)])
        if n_new:
            self._ridge.add(rows[:n_new], logs[:n_new])
            self._new.clear()
        return self._ridge.coefficients(rows[n_new:], logs[n_new:])

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> dict[str, Floats]:
        """Columns of numbers, each of shape (n_configs,)."""
        return {
            name: np.array([_number(column, config, name) for config in configs])
            for name, column in self.columns.items()
        }


def _number(column: Column, config: Mapping[str, Any], name: str) -> float:
    if name not in config or (config[name] is None and not _holds_none(column)):
        return math.nan
    if isinstance(column, Number):
        return float(config[name])
    try:
        return float(column.values.index(config[name]))
    except ValueError:
        return math.nan


def _holds_none(column: Column) -> bool:
    return isinstance(column, Choice) and None in column.values
