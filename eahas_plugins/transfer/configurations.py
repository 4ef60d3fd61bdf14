"""The configurations to begin with, in a ConfigSpace."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ConfigSpace import Configuration, ConfigurationSpace
from ConfigSpace.exceptions import ForbiddenValueError
from ConfigSpace.util import deactivate_inactive_hyperparameters

from eahas_plugins.models.kwh import Choice, Column, Number
from eahas_plugins.spaces import Choices, Fixed, Parameter, Steps, parameter_of
from eahas_plugins.spaces.values import native
from eahas_plugins.transfer.earlier import EarlierStudies
from eahas_plugins.transfer.reading import read_studies
from eahas_plugins.transfer.study import EarlierStudy, is_number, same


def first_configurations(
    earlier: Iterable[EarlierStudy | str | Path],
    space: ConfigurationSpace,
    *,
    fidelity_param: str | None = None,
) -> list[Configuration]:
    """Configurations that together were good for most earlier studies, best first.

    Numbers are clipped to the space, what no earlier study has is the space's default, and what the
    space forbids is left out.

    Args:
        earlier: What `read_study` returns, or takes.
        space: The new study's space.
        fidelity_param: The parameter of Optuna's studies that is the length of a training.

    Raises:
        FileNotFoundError: If an earlier study is not there.
        ValueError: If one cannot be read, or has several objectives.
        TypeError: If it is something else, or there is one source in place of a list.
    """
    columns = {n: c for n, h in space.items() if (c := _column(parameter_of(h))) is not None}
    studies = EarlierStudies(read_studies(earlier), fidelity_param=fidelity_param).related(columns)
    found: dict[Configuration, None] = {}
    for member in studies.portfolio():
        values = dict(space.get_default_configuration())
        for name, hyperparameter in space.items():
            default = values.get(name, hyperparameter.default_value)
            given = member.get(name)
            values[name] = default if name not in member else _value(hyperparameter, given, default)
        try:
            configuration = deactivate_inactive_hyperparameters(values, space)
            configuration.check_valid_configuration()
        except ForbiddenValueError:
            continue
        found[configuration] = None
    return list(found)


def _column(parameter: Parameter) -> Column | None:
    """What earlier values are looked for in; None where there is nothing to choose."""
    if isinstance(parameter, Fixed):
        return None
    if isinstance(parameter, Choices):
        return Choice(values=tuple(map(native, parameter.members)))
    if isinstance(parameter, Steps):
        return Number(low=parameter.members[0], high=parameter.members[-1])
    return Number(low=parameter.low, high=parameter.high, log=parameter.log)


def _value(hyperparameter: Any, given: Any, default: Any) -> Any:
    """The nearest legal value; the default if nothing is near."""
    parameter = parameter_of(hyperparameter)
    if isinstance(parameter, Fixed):
        return default
    if isinstance(parameter, Choices):
        return next((v for v in parameter.members if same(native(v), given)), default)
    if not is_number(given):
        return default
    if isinstance(parameter, Steps):
        return min(parameter.members, key=lambda member: abs(member - given))
    inside = min(parameter.high, max(parameter.low, given))
    return round(inside) if isinstance(parameter.low, int) else float(inside)
