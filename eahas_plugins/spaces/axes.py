"""A ConfigSpace as the parameters of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ConfigSpace import ConfigurationSpace, OrdinalHyperparameter

from eahas_plugins.models.axes import Axis
from eahas_plugins.models.kwh import columns_of
from eahas_plugins.models.rung_search import RungSearch
from eahas_plugins.spaces.optuna_space import Config, ForbiddenConfigurationError, OptunaSpace
from eahas_plugins.spaces.parameters import Choices, Fixed, Steps, Suggested


class SpaceAxes:
    """The hyperparameters that a model can choose, and the way back from what it has chosen.

    Args:
        space: Any space. Constants have no axis.
    """

    def __init__(self, space: ConfigurationSpace) -> None:
        self._space = OptunaSpace(space)
        self.axes: dict[str, Axis] = {}
        """By name; internal values are numbers and positions of choices."""
        for name, parameter in self._space.parameters.items():
            if isinstance(parameter, Choices):
                ranked = isinstance(space[name], OrdinalHyperparameter)
                self.axes[name] = Axis(choices=parameter.members, ranked=ranked)
            elif isinstance(parameter, Steps):
                self.axes[name] = Axis(
                    low=parameter.members[0],
                    high=parameter.members[-1],
                    step=parameter.step,
                    integer=isinstance(parameter.step, int),
                )
            elif not isinstance(parameter, Fixed):
                integer = isinstance(parameter.low, int)
                self.axes[name] = Axis(
                    low=parameter.low,
                    high=parameter.high,
                    log=parameter.log,
                    integer=integer,
                    step=1 if integer else None,
                )

    def config(self, values: Mapping[str, Any]) -> Config | None:
        """The configuration with these values, but for inactive ones; None if it is forbidden.

        Args:
            values: Of all axes; others do not count.
        """

        def value_of(name: str, parameter: Suggested) -> Any:
            # members of choices are what they are; sums of steps carry rounding errors
            value = values[name]
            return value if isinstance(parameter, Choices) else parameter.native(value)

        try:
            return self._space.build(value_of)
        except ForbiddenConfigurationError:
            return None


def rung_search(space: ConfigurationSpace, *, lowest: Any, highest: Any) -> RungSearch:
    """A model of a run in a space.

    Args:
        space: The space.
        lowest: The lowest rung; None where all trainings are equally long.
        highest: The highest rung, or None.
    """
    several = lowest is not None and highest is not None and lowest < highest
    rungs = (float(lowest), float(highest)) if several else None
    axes = SpaceAxes(space)
    partial = space.conditions or space.forbidden_clauses
    active = axes.config if partial else None
    return RungSearch(axes.axes, columns_of(space), rungs=rungs, active=active)
