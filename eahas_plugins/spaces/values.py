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
