"""Values of a configuration in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def native(value: Any) -> Any:
    """The plain Python value of a NumPy scalar; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def native_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same configuration with plain Python values."""
    return {name: native(value) for name, value in dict(config).items()}


def plain(value: Any) -> Any:
    """The value with NumPy's scalars and arrays, and tensors, at any depth, made plain Python."""
    if isinstance(value, Mapping):
        return {native(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(getattr(value, "ndim", None), int):  # of any library: a number, or an array
        convert = getattr(value, "tolist" if value.ndim else "item", None)
        return convert() if callable(convert) else value
    return native(value)


def as_json(value: Any) -> Any:
    """The value as `plain` makes it, with text in place of what JSON cannot hold.

    Example:
        >>> from pathlib import PurePosixPath
        >>> as_json({"best": PurePosixPath("a/b"), (1, 2): [3, None]})
        {'best': "PurePosixPath('a/b')", '(1, 2)': [3, None]}
    """
    return _stored(plain(value))


def from_json(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration that was stored: JSON has a list for a category that is a tuple.

    Example:
        >>> from_json({"layers": [32, [16, 8]], "lr": 0.1})
        {'layers': (32, (16, 8)), 'lr': 0.1}
    """
    return {name: _with_tuples(value) for name, value in config.items()}


def _with_tuples(value: Any) -> Any:
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _stored(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _stored(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_stored(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
