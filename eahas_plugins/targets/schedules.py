"""Complete schedules as budgets: their lengths, and the space without the hyperparameter."""

from __future__ import annotations

import copy
from typing import Any

from ConfigSpace import ConfigurationSpace

from eahas_plugins.spaces import Choices, Steps, parameter_of


def schedules_of(space: ConfigurationSpace, name: str, required: bool) -> tuple[Any, ...]:
    """The lengths of complete schedules, rising; empty if there are none and none are required.

    Raises:
        ValueError: If they are required and the space has none under that name.
    """
    members: tuple[Any, ...] = ()
    if name in space:
        parameter = parameter_of(space[name])
        if isinstance(parameter, Choices | Steps):
            members = tuple(sorted(parameter.members))
    if required and not members:
        raise ValueError(
            f"fidelity 'schedule' needs an ordinal or categorical hyperparameter {name!r} but the "
            f"space has {', '.join(space)}: name it by fidelity_param."
        )
    return members


def without(space: ConfigurationSpace, name: str) -> ConfigurationSpace:
    """The same space without one hyperparameter.

    Raises:
        ValueError: If a condition or forbidden clause refers to it.
    """
    clauses = [*space.conditions, *space.forbidden_clauses]
    if involved := [str(c) for c in clauses if name in _names_in(str(c))]:
        raise ValueError(f"{name!r} must be free of conditions and clauses but has {involved[0]}.")
    smaller = ConfigurationSpace(name=space.name)
    smaller.add([copy.copy(h) for n, h in space.items() if n != name])
    if clauses:
        smaller.add(clauses)
    return smaller


def _names_in(clause: str) -> list[str]:
    return clause.replace("(", " ").replace(")", " ").replace("'", " ").split()
