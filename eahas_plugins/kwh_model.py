"""A cheap regression of log kWh on configurations, the same for every host.

Linear in features of the encoded configuration: each number on its scale and its logarithm, the
products of two numbers, one-hot choices and whether a hyperparameter is active. The energy of a
training is close to a product of powers of such quantities, so a ridge regression of its
logarithm does well from a dozen trials on. An observation costs O(features^2), whatever the
number of earlier ones, and a prediction after it O(features^3) once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Floats = NDArray[np.float64]

# ridge penalties: the size of an effect is believed before its details
_LINEAR_PENALTY = 0.3
_DETAIL_PENALTY = 3.0


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

    def linear(self, values: Floats) -> list[Floats]:
        """Features in about [-1, 1], the scaled value first; NaN where a value is NaN."""
        scaled = (
            [_scale(np.log(values), math.log(self.low), math.log(self.high))] if self.log else []
        )
        if not self.log:
            scaled.append(_scale(values, self.low, self.high))
            if self.low > 0.0:
                logs = np.log(np.maximum(values, self.low * 1e-3))
                scaled.append(_scale(logs, math.log(self.low), math.log(self.high)))
        return scaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A hyperparameter with a few values. If all are positive numbers, their size counts too.

    Args:
        values: The values, in any order.
    """

    values: tuple[Any, ...]

    @property
    def _sizes(self) -> Floats | None:
        numbers = [v for v in self.values if isinstance(v, int | float) and not isinstance(v, bool)]
        if len(numbers) < len(self.values) or not min(numbers) > 0 or len(set(numbers)) < 2:
            return None
        return np.log(np.asarray(numbers, dtype=np.float64))

    def linear(self, positions: Floats) -> list[Floats]:
        """One-hot features and the scaled logarithm of numbers; NaN where a position is NaN."""
        unknown = np.isnan(positions)
        index = np.where(unknown, 0.0, positions).astype(np.int64)
        features = [
            np.where(unknown, np.nan, index == position) for position in range(len(self.values))
        ]
        sizes = self._sizes
        if sizes is not None:
            size = np.where(unknown, np.nan, sizes[index])
            features.insert(0, _scale(size, float(sizes.min()), float(sizes.max())))
        return features


Column = Number | Choice


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
        if not min_observations >= 2:
            raise ValueError(f"min_observations must be at least 2 but got {min_observations}.")
        self.columns = dict(columns)
        self.min_observations = min_observations
        self.n_observations = 0
        penalty = self._penalty()
        self._gram = np.diag(penalty)
        self._moment = np.zeros(len(penalty))
        self._coefficients: Floats | None = None

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
        usable = [(config, kwh) for config, kwh in observations if 0.0 < kwh < math.inf]
        if not usable:
            return
        rows = self.features(self.encode([config for config, _ in usable]))
        self._gram += rows.T @ rows
        self._moment += rows.T @ np.log([kwh for _, kwh in usable])
        self.n_observations += len(usable)
        self._coefficients = None

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
        if not self.ready:
            raise RuntimeError(
                f"the model must have {self.min_observations} observations but has "
                f"{self.n_observations}: ask `ready` first."
            )
        known = [(config, kwh) for config, kwh in running if 0.0 < kwh < math.inf]
        return self.features(encoded) @ (self._fit(known) if known else self._fit_finished())

    def _fit_finished(self) -> Floats:
        if self._coefficients is None:
            self._coefficients = np.asarray(np.linalg.solve(self._gram, self._moment))
        return self._coefficients

    def _fit(self, running: Sequence[tuple[Mapping[str, Any], float]]) -> Floats:
        rows = self.features(self.encode([config for config, _ in running]))
        logs = np.log([kwh for _, kwh in running])
        return np.asarray(np.linalg.solve(self._gram + rows.T @ rows, self._moment + rows.T @ logs))

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> dict[str, Floats]:
        """Columns of numbers, each of shape (n_configs,)."""
        return {
            name: np.array([_number(column, config, name) for config in configs])
            for name, column in self.columns.items()
        }

    def features(self, encoded: Mapping[str, ArrayLike]) -> Floats:
        """Array of shape (n_configs, n_features)."""
        shape = np.shape(next(iter(encoded.values())))
        linear: list[Floats] = [np.ones(shape)]
        scales: list[Floats] = []
        for name, column in self.columns.items():
            values = np.asarray(encoded.get(name, np.full(shape, np.nan)), dtype=np.float64)
            inactive = np.isnan(values)
            found = column.linear(values)
            if inactive.any():
                found = [np.where(inactive, 0.0, f) for f in found]
            linear.extend(found)
            linear.append(inactive.astype(np.float64))
            if isinstance(column, Number):
                scales.append(found[0])
        numbers = np.array(scales)
        products = [numbers[i] * numbers[i:] for i in range(len(scales))]
        # one array per call: HpBandSter asks for one configuration at a time, thousands of times
        return np.ascontiguousarray(np.moveaxis(np.concatenate([linear, *products]), 0, -1))

    def _penalty(self) -> Floats:
        blank = np.full(1, np.nan)
        penalties = [1e-9]  # the level is not shrunk towards zero, only made solvable
        for column in self.columns.values():
            n_features = len(column.linear(blank))
            sized = isinstance(column, Choice) and n_features > len(column.values)
            rest = _DETAIL_PENALTY if sized else _LINEAR_PENALTY
            penalties += [_LINEAR_PENALTY, *[rest] * (n_features - 1), _LINEAR_PENALTY]
        n_products = self.features(dict.fromkeys(self.columns, blank)).shape[1] - len(penalties)
        return np.array(penalties + [_DETAIL_PENALTY] * n_products)


def _scale(values: Floats, low: float, high: float) -> Floats:
    if not high > low:
        return values * 0.0
    return (2.0 * values - (low + high)) / (high - low)


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
