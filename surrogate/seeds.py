"""Seeds that users give."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def check_seed(seed: Any) -> None:
    """Refuse what only looks like a seed, before something counts it as one.

    Raises:
        ValueError: Unless it is None or a whole number that is not negative.
    """
    if seed is None:
        return
    if isinstance(seed, bool) or not isinstance(seed, Integral):
        raise ValueError(f"seed must be a whole number but got {seed!r}.")
    if not int(seed) >= 0:
        raise ValueError(f"seed must not be negative but got {seed!r}.")
