"""Checking many configurations at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from surrogate.space import check, get_task


def checked_columns(configs: Sequence[Mapping[str, Any]], task: str) -> dict[str, list[Any]]:
    """The plain values of each hyperparameter, equal to ``check(config, task)`` for each.

    Raises:
        ValueError: As :func:`surrogate.space.check`, naming the configuration's place.
    """
    members = _members(task)
    try:
        columns = {name: [config[name] for config in configs] for name in members}
        exact = all(len(config) == len(members) for config in configs) and not any(
            bool in set(map(type, column)) for column in columns.values()
        )
        if exact:
            return {
                name: [known[value] for value in columns[name]] for name, known in members.items()
            }
    except (KeyError, TypeError):
        pass  # something is missing, wrong or inexact: check one by one, for the message
    plain = []
    for place, config in enumerate(configs):
        try:
            plain.append(check(config, task))
        except ValueError as error:
            raise ValueError(f"configs[{place}]: {error}") from None
    return {name: [config[name] for config in plain] for name in members}


@cache
def _members(task: str) -> dict[str, dict[Any, Any]]:
    return {
        name: {value: value for value in values} for name, values in get_task(task).values.items()
    }
