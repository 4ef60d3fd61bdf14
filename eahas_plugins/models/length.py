"""How the energy of a training grows with its length, learnt from what was trained twice."""

from __future__ import annotations

import math
import statistics
from collections.abc import Hashable, Sequence
from typing import Any, TypeGuard

import numpy as np

NUMBERS = (int, float, np.integer, np.floating)
"""Types of numbers; truth values of Python are among them."""
_USUAL = 1.0
"""Proportional: it counts as one observation."""
_MOST = 230.0
"""Of a logarithm: 100 orders of magnitude are enough."""


class EnergyOfLength:
    """Energy as a power of the length, 1 until configurations with two lengths tell otherwise.

    Starting a training, compiling, loading data or a last evaluation cost what they cost, however
    short it is; then the power is below 1. Each such configuration tells one power, and the median
    of them counts, so that a training that was disturbed changes little. Of lengths that are no
    numbers, the median of the ratios counts, for any two of them.

    Example:
        >>> energy = EnergyOfLength()
        >>> round(energy.factor(52, 13), 9)
        4.0
        >>> for config in range(3):
        ...     energy.add(config, 13, kwh=1.0)
        ...     energy.add(config, 52, kwh=2.0)
        >>> round(energy.factor(52, 13), 9)
        2.0
    """

    def __init__(self) -> None:
        self._trained: dict[Hashable, tuple[Any, float]] = {}
        self._powers: list[float] = []
        self._log_ratios: list[float] = []

    def add(self, config: Hashable, length: Any, *, kwh: float | None) -> None:
        """Learn one complete training.

        Args:
            config: The configuration, whatever its length.
            length: The length.
            kwh: Its whole energy; what is not known, or not positive, tells nothing.
        """
        if kwh is None or not 0.0 < kwh < math.inf:
            return
        other, other_kwh = self._trained.setdefault(config, (length, kwh))
        if other == length:
            return
        log_ratio = math.log(kwh) - math.log(other_kwh)  # their ratio may be no number
        log_lengths = _log_lengths(length, other)
        if log_lengths is None:
            self._log_ratios.append(abs(log_ratio))
        else:
            self._powers.append(max(0.0, log_ratio / log_lengths))

    def factor(self, longer: Any, shorter: Any) -> float:
        """How many times the energy the longer training needs, at least 1."""
        log_lengths = _log_lengths(longer, shorter)
        if log_lengths is not None:
            power = statistics.median([_USUAL, *self._powers])
            return math.exp(min(_MOST, max(0.0, log_lengths) * power))
        if longer == shorter or not self._log_ratios:
            return 1.0
        return math.exp(min(_MOST, statistics.median(self._log_ratios)))


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value has a size: a number, NumPy's too, that is neither True, False nor NaN."""
    return isinstance(value, NUMBERS) and not isinstance(value, bool) and bool(value == value)


def level_of(schedule: Any, schedules: Sequence[Any]) -> float:
    """0 for the shortest schedule, 1 for the longest; by the logarithm where they are numbers."""
    first, last = schedules[0], schedules[-1]
    numbers = all(is_number(s) and s > 0 for s in (first, last, schedule))
    if numbers and last > first:
        return math.log(schedule / first) / math.log(last / first)
    return list(schedules).index(schedule) / (len(schedules) - 1) if schedule in schedules else 0.0


def _log_lengths(a: Any, b: Any) -> float | None:
    """Log of how many times as long ``a`` is; None if nobody can tell."""
    if not (is_number(a) and is_number(b) and a > 0 and b > 0):
        return None
    return math.log(a) - math.log(b)
