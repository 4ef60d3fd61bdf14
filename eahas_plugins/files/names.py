"""Paths that users give."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def path_argument(name: str, value: Any) -> Path:
    """A path as it is given: no name is not the current folder, for which Python takes it.

    Example:
        >>> path_argument("folder", "")
        Traceback (most recent call last):
        ValueError: folder must name a file or folder but got ''; the current folder is '.'.

    Args:
        name: What the argument is called.
        value: Its value.

    Raises:
        ValueError: If it is no path, or an empty one.
    """
    if isinstance(value, str | os.PathLike) and os.fspath(value):
        return Path(value)
    hint = "; the current folder is '.'" if value == "" else ""
    raise ValueError(f"{name} must name a file or folder but got {value!r}{hint}.")
