"""What Optuna is asked for in place of each kind of hyperparameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from ConfigSpace import CategoricalHyperparameter, Constant, OrdinalHyperparameter
from ConfigSpace.hyperparameters import FloatHyperparameter, Hyperparameter, IntegerHyperparameter

from eahas_plugins.spaces.values import native

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


class SuggestingTrial(Protocol):
    """The part of ``optuna.Trial`` that is used."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A float."""

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """An integer."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatRange:
    """A float between two bounds."""

    low: float
    high: float
    log: bool

    def suggest(self, trial: SuggestingTrial, name: str) -> Any:
        """The native value."""
        return float(trial.suggest_float(name, self.low, self.high, log=self.log))

    def native(self, parameter: Any) -> Any:
        """The native value of Optuna's parameter."""
        return min(self.high, max(self.low, float(parameter)))

    def distribution(self) -> BaseDistribution:
        """As a distribution of Optuna."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerRange:
    """An integer between two bounds."""

    low: int
    high: int
    log: bool

    def suggest(self, trial: SuggestingTrial, name: str) -> Any:
        """The native value."""
        return int(trial.suggest_int(name, self.low, self.high, log=self.log))

    def native(self, parameter: Any) -> Any:
        """The native value of Optuna's parameter."""
        return int(parameter)

    def distribution(self) -> BaseDistribution:
        """As a distribution of Optuna."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Evenly spaced numbers, rising."""

    members: tuple[Any, ...]
    step: Any

    @property
    def _integer(self) -> bool:
        return isinstance(self.step, int)

    def suggest(self, trial: SuggestingTrial, name: str) -> Any:
        """The native value."""
        low, high = self.members[0], self.members[-1]
        if self._integer:
            return self.native(trial.suggest_int(name, low, high, step=self.step))
        return self.native(trial.suggest_float(name, low, high, step=self.step))

    def native(self, parameter: Any) -> Any:
        """The member nearest to Optuna's parameter, whose steps carry rounding errors."""
        position = round((parameter - self.members[0]) / self.step)
        return self.members[min(len(self.members) - 1, max(0, position))]

    def distribution(self) -> BaseDistribution:
        """As a distribution of Optuna."""
        from optuna.distributions import FloatDistribution, IntDistribution

        low, high = self.members[0], self.members[-1]
        if self._integer:
            return IntDistribution(low, high, step=self.step)
        return FloatDistribution(low, high, step=self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Values without order; those that Optuna cannot store are named by their ``repr``."""

    members: tuple[Any, ...]

    @property
    def _labels(self) -> tuple[Any, ...]:
        plain = all(
            v is None or isinstance(v, float | str) or (isinstance(v, int) and _fits_float(v))
            for v in self.members
        )
        return self.members if plain else tuple(repr(v) for v in self.members)

    def suggest(self, trial: SuggestingTrial, name: str) -> Any:
        """The native value."""
        return self.native(trial.suggest_categorical(name, self._labels))

    def native(self, parameter: Any) -> Any:
        """The member with this label."""
        return self.members[self._labels.index(parameter)]

    def distribution(self) -> BaseDistribution:
        """As a distribution of Optuna."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self._labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """A constant, which is not suggested."""

    value: Any


_EXACT = 2**53
"""Up to here floats hold every integer."""


def _fits_float(value: int) -> bool:
    try:
        float(value)
    except OverflowError:
        return False
    return True


Suggested = FloatRange | IntegerRange | Steps | Choices
Parameter = Suggested | Fixed


def parameter_of(hyperparameter: Hyperparameter[Any, Any]) -> Parameter:
    """What Optuna is asked for in place of a hyperparameter.

    Raises:
        TypeError: If the kind of hyperparameter is not known.
    """
    if isinstance(hyperparameter, Constant):
        return Fixed(value=native(hyperparameter.value))
    if isinstance(hyperparameter, CategoricalHyperparameter):
        return Choices(members=tuple(native(v) for v in hyperparameter.choices))
    if isinstance(hyperparameter, OrdinalHyperparameter):
        return _ordinal(tuple(native(v) for v in hyperparameter.sequence))
    if isinstance(hyperparameter, IntegerHyperparameter):
        return IntegerRange(
            low=int(hyperparameter.lower),
            high=int(hyperparameter.upper),
            log=bool(getattr(hyperparameter, "log", False)),
        )
    if isinstance(hyperparameter, FloatHyperparameter):
        return FloatRange(
            low=float(hyperparameter.lower),
            high=float(hyperparameter.upper),
            log=bool(getattr(hyperparameter, "log", False)),
        )
    raise TypeError(
        f"hyperparameter {hyperparameter.name!r} must be a float, integer, ordinal, categorical "
        f"or constant but got {type(hyperparameter).__name__}."
    )


def _ordinal(members: tuple[Any, ...]) -> Parameter:
    """Stepped numbers where the spacing is even (in decimals: 0.1 is a tenth), else choices."""
    numbers = [v for v in members if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(members) < 2 or len(numbers) < len(members):
        return Choices(members=members)
    if any(isinstance(v, int) and abs(v) > _EXACT for v in members):
        return Choices(members=members)  # steps are counted in floats, which would miss some
    rising = tuple(sorted(members))
    exact = [Decimal(str(v)) for v in rising]
    gaps = {b - a for a, b in pairwise(exact)}
    if len(gaps) > 1:
        return Choices(members=members)
    gap = gaps.pop()
    integer = all(isinstance(v, int) for v in members)
    return Steps(members=rising, step=int(gap) if integer else float(gap))
