"""What target functions take, and whether what they return is an answer that SMAC can store."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from eahas_plugins.arguments import float_of
from eahas_plugins.spaces.values import plain

ATTEMPT = "attempt"
"""The argument of a target function that takes its trial's energy account."""
_ASKED_FOR = 'return cost, {"energy_kwh": kWh}.'


def parts_of(returned: Any) -> tuple[Any, dict[str, Any]]:
    """Cost and additional info of what a target function has returned, in plain Python.

    Raises:
        ValueError: If it has another form.
    """
    cost, info = returned if _is_pair(returned) else (returned, {})
    if not isinstance(info, Mapping):
        raise ValueError(f"a target function returned {returned!r:.200}: {_ASKED_FOR}")
    return plain(cost), plain(info)


def finite_cost(cost: Any) -> Any:
    """A cost in Python's floats; SMAC would end the run with an error that names nothing.

    Raises:
        ValueError: If it is no number, or numbers by objective, or one of them is not finite.
    """
    if isinstance(cost, Mapping):
        numbers = list(cost.values())
    else:
        numbers = list(cost) if isinstance(cost, list) else [cost]
    if not all(is_finite(number) for number in numbers):
        raise ValueError(
            f"a target function must return finite numbers but the cost is {cost!r:.200}: "
            f"{_ASKED_FOR}"
        )
    if isinstance(cost, Mapping):
        return {name: float(number) for name, number in cost.items()}
    return list(map(float, cost)) if isinstance(cost, list) else float(cost)


def _is_pair(returned: Any) -> bool:
    return isinstance(returned, tuple) and len(returned) == 2


def is_finite(number: Any) -> bool:
    """Whether it is a number, and neither infinite nor NaN."""
    try:
        return math.isfinite(float_of(number))
    except (TypeError, ValueError, OverflowError):  # an integer of hundreds of digits overflows
        return False


def takes_attempt(target: Callable[..., Any]) -> bool:
    """Whether a target function takes its trial's account, so that it can be cut short."""
    return ATTEMPT in signature(target).parameters
