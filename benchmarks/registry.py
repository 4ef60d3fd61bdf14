"""Folders in which every file is one thing that declares itself: methods, problems.

A file says what it is by constants at its top. They are read from the source without importing
it, so that what needs a package that is not installed is listed all the same.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any


def file_names(folder: Path) -> list[str]:
    """The names of what a folder holds, sorted; ``ea_bohb.py`` is ``ea-bohb``.

    Files that begin with an underscore are helpers.
    """
    stems = (path.stem for path in folder.glob("*.py"))
    return sorted(stem.replace("_", "-") for stem in stems if not stem.startswith("_"))


def read_constants(folder: Path, name: str) -> dict[str, Any]:
    """The literal constants at the top of a folder's file; as :func:`constants_of`.

    Raises:
        ValueError: If the file cannot be parsed.
    """
    return constants_of(folder / f"{name.replace('-', '_')}.py")


def constants_of(path: Path) -> dict[str, Any]:
    """The literal constants at the top of a file, and its docstring as ``__doc__``.

    Raises:
        ValueError: If the file cannot be parsed.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{path} must be a Python file but is not: {error}.") from error
    found: dict[str, Any] = {"__doc__": ast.get_docstring(tree) or ""}
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value):
                pass
            case _:
                continue
        # what is computed when the file is imported is no literal, and declares nothing
        with contextlib.suppress(ValueError):
            found[target] = ast.literal_eval(value)
    return found


def function_of(module: ModuleType, name: str, *, of: str) -> Any:
    """A function that a file has beside its constants.

    Raises:
        ValueError: If it has none.
    """
    if not callable(found := getattr(module, name, None)):
        raise ValueError(f"the file of {of} must define {name}(), as docs/extending.md shows.")
    return found


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A hint that ends a message about an unknown name; empty where nothing is near."""
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
