"""ConfigSpace spaces in hosts that know less: Optuna, and hosts without ordinals.

Optuna's names for the same things: ordinals with evenly spaced numbers become stepped integers or
floats, all other ordinals and categoricals become categoricals, constants are not suggested.
Conditions decide which hyperparameters are asked for. Weights and priors are left to the sampler.

Example:
    >>> from ConfigSpace import ConfigurationSpace, OrdinalHyperparameter
    >>> from eahas_plugins.spaces import OptunaSpace
    >>> space = ConfigurationSpace()
    >>> _ = space.add(OrdinalHyperparameter("wa", [8.1, 8.2, 8.3]))
    >>> OptunaSpace(space).to_config({"wa": 8.299999999999999})
    {'wa': 8.3}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from ConfigSpace import (
    CategoricalHyperparameter,
    Configuration,
    ConfigurationSpace,
    Constant,
    OrdinalHyperparameter,
)
from ConfigSpace.hyperparameters import (
    FloatHyperparameter,
    Hyperparameter,
    IntegerHyperparameter,
)
from ConfigSpace.types import NotSet

from eahas_plugins._positions import decode, index_space, native, native_config

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = [
    "Choices",
    "Config",
    "Fixed",
    "FloatRange",
    "ForbiddenConfigurationError",
    "IntegerRange",
    "OptunaSpace",
    "Parameter",
    "Steps",
    "Suggests",
    "decode",
    "distributions",
    "index_space",
    "native",
    "native_config",
    "parameter_of",
    "suggest",
    "to_configuration",
]

Config = dict[str, Any]


class Suggests(Protocol):
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


class ForbiddenConfigurationError(ValueError):
    """The suggested combination is forbidden by a clause of the space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatRange:
    """A float between two bounds."""

    low: float
    high: float
    log: bool

    def suggest(self, trial: Suggests, name: str) -> Any:
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

    def suggest(self, trial: Suggests, name: str) -> Any:
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

    def suggest(self, trial: Suggests, name: str) -> Any:
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
        plain = all(v is None or isinstance(v, bool | int | float | str) for v in self.members)
        return self.members if plain else tuple(repr(v) for v in self.members)

    def suggest(self, trial: Suggests, name: str) -> Any:
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
    rising = tuple(sorted(members))
    exact = [Decimal(str(v)) for v in rising]
    gaps = {b - a for a, b in pairwise(exact)}
    if len(gaps) > 1:
        return Choices(members=members)
    gap = gaps.pop()
    integer = all(isinstance(v, int) for v in members)
    return Steps(members=rising, step=int(gap) if integer else float(gap))


class OptunaSpace:
    """A ConfigSpace as Optuna's suggestions.

    Args:
        space: Any space. Later changes to it are not seen.
    """

    def __init__(self, space: ConfigurationSpace) -> None:
        self.space = space
        # ConfigSpace lists parents before their children
        self.parameters: dict[str, Parameter] = {n: parameter_of(h) for n, h in space.items()}
        self._conditions = {n: tuple(space.parent_conditions_of[n]) for n in space}
        self._parents = {n: tuple(p.name for p in space.parents_of[n]) for n in space}

    def suggest(self, trial: Suggests) -> Config:
        """A configuration with native values, suggested one by one.

        Raises:
            ForbiddenConfigurationError: If a forbidden clause holds for the suggested values.
        """
        return self._build(lambda name, parameter: parameter.suggest(trial, name))

    def to_config(self, params: Mapping[str, Any]) -> Config:
        """The configuration of Optuna's parameters, for example of ``study.best_params``.

        Args:
            params: At least the parameters of all active hyperparameters.

        Raises:
            ValueError: If a parameter is missing or the combination is forbidden.
        """

        def look_up(name: str, parameter: Suggested) -> Any:
            if name not in params:
                raise ValueError(f"parameters must hold {name!r} but got only {sorted(params)}.")
            return parameter.native(params[name])

        return self._build(look_up)

    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's distributions of all hyperparameters that are suggested."""
        return {
            name: parameter.distribution()
            for name, parameter in self.parameters.items()
            if not isinstance(parameter, Fixed)
        }

    def _build(self, value_of: Callable[[str, Suggested], Any]) -> Config:
        config: Config = {}
        for name, parameter in self.parameters.items():
            if self._is_active(name, config):
                config[name] = (
                    parameter.value if isinstance(parameter, Fixed) else value_of(name, parameter)
                )
        for clause in self.space.forbidden_clauses:
            if clause.is_forbidden_value(config):
                raise ForbiddenConfigurationError(
                    f"the space must allow the suggestion but forbids it: {clause}."
                )
        return config

    def _is_active(self, name: str, config: Config) -> bool:
        if not self._conditions[name]:
            return True
        values = {parent: config.get(parent, NotSet) for parent in self._parents[name]}
        return all(condition.satisfied_by_value(values) for condition in self._conditions[name])


def suggest(trial: Suggests, space: ConfigurationSpace) -> Config:
    """A configuration of ``space`` with native values; see :class:`OptunaSpace` to do it often.

    Raises:
        ForbiddenConfigurationError: If a forbidden clause holds for the suggested values.
    """
    return OptunaSpace(space).suggest(trial)


def distributions(space: ConfigurationSpace) -> dict[str, BaseDistribution]:
    """Optuna's distributions of the hyperparameters of ``space``."""
    return OptunaSpace(space).distributions()


def to_configuration(space: ConfigurationSpace, params: Mapping[str, Any]) -> Configuration:
    """The ConfigSpace configuration of Optuna's parameters.

    Raises:
        ValueError: If a parameter is missing or the combination is forbidden.
    """
    return Configuration(space, values=OptunaSpace(space).to_config(params))
