"""What users give: seeds, counts and configurations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
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


def as_config(config: Any) -> dict[str, Any]:
    """A configuration as a dictionary of its own.

    Raises:
        ValueError: If it is no mapping.
    """
    try:
        return dict(config)
    except (TypeError, ValueError):
        raise ValueError(
            "a configuration must be a mapping of hyperparameters to values but got "
            f"{shortened(config)}."
        ) from None


def as_configs(configs: Any) -> Sequence[Any]:
    """Several configurations as a list, which can be gone through more than once.

    Raises:
        ValueError: If it is no list of any kind, or a single configuration.
    """
    if isinstance(configs, list | tuple):
        return configs
    if isinstance(configs, str | bytes | Mapping) or not isinstance(configs, Iterable):
        single = isinstance(configs, Mapping)
        got = "a single one: give it to query" if single else shortened(configs)
        raise ValueError(f"configs must be a list of configurations but got {got}.")
    if hasattr(configs, "to_dict"):  # going through a data frame gives the names of its columns
        raise ValueError(
            f"configs must be a list of configurations but got a {type(configs).__name__}: give "
            "configs.to_dict('records')."
        )
    return list(configs)


def agree(one: float, other: float) -> bool:
    """Whether two numbers are the same but for rounding, that of single precision included.

    What was 0.1 is 0.10000000149 after it was a ``float32``, and 8.0 + 3 * 0.1 is not 8.3.
    """
    return math.isclose(one, other, rel_tol=_SINGLE)


_SINGLE = 1e-7


def shortened(value: Any) -> str:
    """What was given, in few words."""
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python shows
        text = "a huge integer"
    return text if len(text) <= 60 else f"{text[:50]}..."
