"""An older package on the index is also called ``surrogate``: is this one ours?

Installed later it overwrites the file that makes the folder the benchmark, removed again it takes
that file with it, and a folder of that name beside a script comes before both. Whatever
``surrogate`` is, it is looked at and not imported.
"""

from __future__ import annotations

import warnings
from importlib.machinery import ModuleSpec
from importlib.util import find_spec

MARK = b"EA-HAS-Bench"
"""Stands in the docstring of the benchmark's own ``surrogate/__init__.py``."""


def displaced() -> str | None:
    """What to say if ``surrogate`` is not this project's benchmark; None if it is, or is absent."""
    try:
        found = find_spec("surrogate")
    except ValueError:  # somebody has put a module without a specification in its place
        return _message("it was made by hand")
    if found is None or _is_ours(found):
        return None
    places = [found.origin, *(found.submodule_search_locations or ())]
    return _message(next((place for place in places if place), "no file"))


def warn_if_displaced() -> None:
    """Warn; the plugins themselves need no benchmark."""
    message = displaced()
    if message is not None:
        warnings.warn(message, stacklevel=3)


def _is_ours(found: ModuleSpec) -> bool:
    read = getattr(found.loader, "get_data", None)
    if found.origin is None or read is None:  # a folder without an __init__.py
        return False
    try:
        return MARK in read(found.origin)
    except OSError:
        return False


def _message(place: str) -> str:
    return (
        "the package `surrogate` must be the benchmark of eahas-plugins but another of that name "
        f"is in its place ({place}): surrogate.load and the command eahas do not work. A folder "
        "or file of your own must be renamed; a package goes by `pip uninstall surrogate`, and "
        "then `pip install --force-reinstall --no-deps eahas-plugins`."
    )
