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

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ConfigSpace import Configuration, ConfigurationSpace
from ConfigSpace.types import NotSet

from eahas_plugins.spaces.parameters import (
    Fixed,
    Parameter,
    Suggested,
    SuggestingTrial,
    parameter_of,
)

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = [
    "Config",
    "ForbiddenConfigurationError",
    "OptunaSpace",
    "distributions",
    "suggest",
    "to_configuration",
]

Config = dict[str, Any]


class ForbiddenConfigurationError(ValueError):
    """The suggested combination is forbidden by a clause of the space."""


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

    def suggest(self, trial: SuggestingTrial) -> Config:
        """A configuration with native values, suggested one by one.

        Raises:
            ForbiddenConfigurationError: If a forbidden clause holds for the suggested values.
        """
        return self.build(lambda name, parameter: parameter.suggest(trial, name))

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

        return self.build(look_up)

    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's distributions of all hyperparameters that are suggested."""
        return {
            name: parameter.distribution()
            for name, parameter in self.parameters.items()
            if not isinstance(parameter, Fixed)
        }

    def build(self, value_of: Callable[[str, Suggested], Any]) -> Config:
        """A configuration of the values that a function gives for active hyperparameters.

        Raises:
            ForbiddenConfigurationError: If a forbidden clause holds for them.
        """
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


def suggest(trial: SuggestingTrial, space: ConfigurationSpace) -> Config:
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
