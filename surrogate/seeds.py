"""Seeds and counts that users give."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def check_count(name: str, value: Any) -> None:
    """Refuse what only looks like a whole number, before something counts it as one.

    Raises:
        ValueError: Unless it is a whole number that is not negative.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{name} must be a whole number but got {value!r}.")
    if not int(value) >= 0:
        raise ValueError(f"{name} must not be negative but got {value!r}.")


def check_seed(seed: Any) -> None:
    """As `check_count`; None is no seed.

    Raises:
        ValueError: Unless it is None or a whole number that is not negative.
    """
    if seed is not None:
        check_count("seed", seed)
