"""Earlier studies as plain data: what was tried, what came out, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eahas_plugins.arguments import check_numbers, given
from eahas_plugins.models.kwh import Choice, Column, Number
from eahas_plugins.models.length import NUMBERS

_LOG_RATIO = 100.0
"""Numbers whose largest is this many times the smallest count by their logarithm, where nothing
says how they were drawn."""
_LARGEST = 1e100


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierTrial:
    """One complete training.

    Args:
        config: Its parameters.
        value: Its objective, finite.
        energy_kwh: Energy of the training, kWh, positive; None if nobody knows.
        length: How long the training was, where that is not one of the parameters (SMAC's and
            HpBandSter's budget); None otherwise.

    Raises:
        ValueError: If a number is out of range (NaN included).
    """

    config: Mapping[str, Any]
    value: float
    energy_kwh: float | None = None
    length: float | None = None

    def __post_init__(self) -> None:
        check_numbers(value=self.value, **given(energy_kwh=self.energy_kwh, length=self.length))
        if not math.isfinite(self.value):
            raise ValueError(f"value must be finite but got {self.value}.")
        for name, number in (("energy_kwh", self.energy_kwh), ("length", self.length)):
            if number is not None and not 0.0 < number < math.inf:
                raise ValueError(f"{name} must be positive and finite, or None, but got {number}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierStudy:
    """A study to learn from.

    Args:
        name: What it is called.
        maximize: Whether larger values are better.
        parameters: The ranges and choices of its parameters.
        trials: Its complete trainings, in any order.
        key: What tells a study from others of the same name; empty if nobody knows.
    """

    name: str
    maximize: bool
    parameters: Mapping[str, Column]
    trials: Sequence[EarlierTrial]
    key: str = ""

    @property
    def rewards(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Values of the trials, larger is better, of shape (n_trials,).

        They are so far from the largest float that their squares are floats, too.
        """
        values = np.array([trial.value for trial in self.trials], dtype=np.float64)
        return np.clip(values if self.maximize else -values, -_LARGEST, _LARGEST)

    def lengths(self, fidelity_param: str | None) -> list[float | None]:
        """How long each training was: its parameter of that name, or what its host calls budget.

        Of choices without numbers it is the place of the choice.
        """
        return [self._length(trial, fidelity_param) for trial in self.trials]

    def _length(self, trial: EarlierTrial, name: str | None) -> float | None:
        if name is None or name not in trial.config:
            return trial.length
        value, column = trial.config[name], self.parameters.get(name)
        if is_number(value):
            return float(value)
        if isinstance(column, Choice) and value in column.values:
            return column.values.index(value) + 1.0
        return None


def is_number(value: Any) -> bool:
    """Whether a value is a finite number, which True and False are not."""
    return isinstance(value, NUMBERS) and not isinstance(value, bool) and math.isfinite(value)


def columns_seen(configs: Iterable[Mapping[str, Any]]) -> dict[str, Column]:
    """Ranges and choices as far as configurations show them.

    Numbers range from the smallest seen to the largest, by their logarithm where that is a hundred
    times as much; anything else is a choice.
    """
    seen: dict[str, list[Any]] = {}
    for config in configs:
        for name, value in config.items():
            seen.setdefault(name, []).append(value)
    return {name: _column(values) for name, values in seen.items()}


def _column(values: list[Any]) -> Column:
    if all(map(is_number, values)):
        low, high = float(min(values)), float(max(values))
        return Number(low=low, high=high, log=low > 0.0 and high / low >= _LOG_RATIO)
    return Choice(values=tuple(_different(values)))


def joined(columns: Sequence[Column]) -> Column:
    """One column for a parameter of several studies: the range of all, or every choice.

    Where one has numbers in a range and another has choices, the ranges count.
    """
    ranges = [column for column in columns if isinstance(column, Number)]
    if ranges:
        low, high = min(r.low for r in ranges), max(r.high for r in ranges)
        return Number(low=low, high=high, log=low > 0.0 and any(r.log for r in ranges))
    values = [v for column in columns if isinstance(column, Choice) for v in column.values]
    return Choice(values=tuple(_different(values)))


def _different(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(same(value, other) for other in found):
            found.append(value)
    return found


def same(a: Any, b: Any) -> bool:
    """Whether two choices are the same: 1 is not True, and a tuple in a file is a list."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def fitted(config: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    """A configuration in another space: numbers clipped to its ranges, what it lacks left out.

    Args:
        config: The configuration.
        columns: The other space.
    """
    found: dict[str, Any] = {}
    for name, value in config.items():
        column = columns.get(name)
        if isinstance(column, Number):
            if is_number(value):
                found[name] = min(column.high, max(column.low, float(value)))
        elif column is not None:
            known = [other for other in column.values if same(value, other)]
            if known:
                found[name] = known[0]
    return found


def check_one_objective(name: str, n: int) -> None:
    """Refuse a study that has not one value for each trial.

    Raises:
        ValueError: If it has several objectives.
    """
    if n != 1:
        raise ValueError(
            f"an earlier study must have one objective but {name!r} has {n}: leave it out, or copy "
            "it with the value that the new study searches for."
        )
