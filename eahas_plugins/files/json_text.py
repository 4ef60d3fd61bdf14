"""JSON from files that nobody vouches for."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from eahas_plugins.files.reading import read_bytes

MAX_JSON_BYTES = 16 << 20
"""Size of a JSON file, by default. Parsed values may need 25 times the memory of their text."""
MAX_DEPTH = 64
"""Nesting of lists and objects: deeper ones end whoever walks them in a RecursionError."""


class NotJsonError(ValueError):
    """A text is cut short or something else than JSON; what is JSON but refused is not this."""


def parse_json(text: bytes | str, where: str | Path, *, allow_nan: bool = False) -> Any:
    """The value of a JSON text.

    Args:
        text: The text, UTF-8.
        where: What the message of an error begins with: the file, and the line if it has several.
        allow_nan: Accept ``NaN``, ``Infinity`` and numbers beyond a float's range (which become
            infinite), which JSON does not have.

    Raises:
        NotJsonError: If it is not JSON (a ``ValueError``).
        ValueError: If it is nested more than :data:`MAX_DEPTH` deep, has a key twice in one
            object, or a number that no float can hold.
    """
    try:
        # Not "utf-8-sig": it is imported when first used, and a user who has given up the right to
        # read Python's files cannot.
        decoded = text if isinstance(text, str) else text.decode("utf-8").removeprefix("\ufeff")
        if allow_nan:
            value = json.loads(decoded, object_pairs_hook=_object)
        else:
            value = json.loads(
                decoded,
                object_pairs_hook=_object,
                parse_constant=_refuse,
                parse_float=_finite,
                parse_int=_representable,
            )
    except json.JSONDecodeError as error:
        raise NotJsonError(
            f"{where} must be JSON but is not: {error.msg} (line {error.lineno}, column "
            f"{error.colno})."
        ) from None
    except UnicodeDecodeError:
        raise NotJsonError(f"{where} must be JSON in UTF-8 but is not.") from None
    except RecursionError:
        raise ValueError(f"{where} must be nested at most {MAX_DEPTH} deep.") from None
    except ValueError as error:
        raise ValueError(f"{where} {error}") from None
    # Few brackets cannot nest deep: most lines need no walk.
    if decoded.count("[") + decoded.count("{") > MAX_DEPTH and _depth_exceeds(value, MAX_DEPTH):
        raise ValueError(f"{where} must be nested at most {MAX_DEPTH} deep.")
    return value


def json_object(text: bytes | str, where: str | Path, *, allow_nan: bool = False) -> dict[str, Any]:
    """The JSON object of a text; see :func:`parse_json`.

    Raises:
        ValueError: If it is not JSON, or no object.
    """
    value = parse_json(text, where, allow_nan=allow_nan)
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be a JSON object but is {_named(value)}.")
    return value


def read_json(path: str | Path, *, limit: int = MAX_JSON_BYTES, allow_nan: bool = False) -> Any:
    """The value of a JSON file; see :func:`parse_json`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no regular file, larger than ``limit`` bytes, or not JSON.
    """
    return parse_json(read_bytes(path, limit=limit), path, allow_nan=allow_nan)


def read_json_object(
    path: str | Path, *, limit: int = MAX_JSON_BYTES, allow_nan: bool = False
) -> dict[str, Any]:
    """The object of a JSON file; see :func:`parse_json`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no regular file, larger than ``limit`` bytes, or not a JSON object.
    """
    return json_object(read_bytes(path, limit=limit), path, allow_nan=allow_nan)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"must have each key once but has {_short(twice)} twice.")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"must have finite numbers only but has {constant}.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"must have finite numbers only but has {_short(text)}.")
    return number


def _representable(text: str) -> int:
    if len(text) > 300 and not math.isfinite(float(text)):  # a float ends at 309 digits
        raise ValueError(f"must have numbers that a float can hold but has {_short(text)}.")
    return int(text)


def _depth_exceeds(value: Any, limit: int) -> bool:
    """Whether lists and objects are nested deeper, found level by level, without recursion."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limit):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


def _named(value: Any) -> str:
    names = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:30]}... ({len(text)} characters)")
