"""What no argument that is a number, a switch or a name may be, and a test that it is refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

NO_NUMBERS = ("3", True, np.True_, [1.0], math.nan)
BAD: Mapping[str, tuple[Any, ...]] = {
    "positive": (*NO_NUMBERS, -1.0, 0.0, math.inf),
    "positive or infinite": (*NO_NUMBERS, -1.0, 0.0),
    "not negative": (*NO_NUMBERS, -1.0, math.inf),
    "share": (*NO_NUMBERS, -0.1, 1.1, math.inf),
    "exponent": (*NO_NUMBERS, 1.0, -math.inf, math.inf),
    "count": (*NO_NUMBERS, -1, 0, 2.5, math.inf),
    "finite": (*NO_NUMBERS, math.inf),
    "whole": (*NO_NUMBERS, 2.5, math.inf),
    "from 0": (*NO_NUMBERS, -1, 2.5, math.inf),
    "switch": ("no", 1, 0.0, [True], math.nan),
    "name": (["epochs"], 3, True, math.nan),
    "groups": (3, "ab", ["ab", "c"], [[]], [3], math.nan),
    "list": (3, True, math.nan, {"a": 1}, iter([1, 2])),
}
"""By the kind of an argument; one that ends in ``?`` may be None."""


@dataclass(frozen=True)
class Arguments:
    """A public constructor or function and its arguments that are numbers, switches or names.

    Args:
        make: What is called.
        kinds: The kind of each argument, by name.
        given: The other arguments that it needs.
    """

    make: Callable[..., Any]
    kinds: Mapping[str, str]
    given: Mapping[str, Any] = field(default_factory=dict)

    def bad(self, argument: str) -> tuple[Any, ...]:
        """What it may not be."""
        kind = self.kinds[argument]
        return BAD[kind.removesuffix("?")] if kind.endswith("?") else (*BAD[kind], None)


def table(arguments: Mapping[str, Arguments]) -> Any:
    """Parametrises a test that calls `check_refuses`: a case for each argument."""
    cases = [
        pytest.param(one, name, id=f"{what}-{name}")
        for what, one in arguments.items()
        for name in one.kinds
    ]
    return pytest.mark.parametrize(("arguments", "name"), cases)


def check_refuses(arguments: Arguments, name: str) -> None:
    """Every bad value is refused with a message: which argument, what must hold, what was got."""
    arguments.make(**arguments.given)
    for value in arguments.bad(name):
        with pytest.raises((ValueError, TypeError), match=r" (must|needs) .* but got ") as error:
            arguments.make(**{**arguments.given, name: value})
        told, _, got = str(error.value).partition(" but got ")
        assert name in told
        assert str(value).strip("[]") in got
