"""A dataclass from a JSON object: the names and types of its fields are checked."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def as_dataclass(kind: type[T], values: Any, where: str | Path) -> T:
    """The record of a JSON object.

    Fields may be numbers, texts, booleans, None, lists, tuples (from lists), mappings, other
    dataclasses, ``Literal`` and unions of these. An integer is taken for a float.

    Args:
        kind: A dataclass.
        values: What was read from a file.
        where: What the message of an error begins with: the file, and the line if it has several.

    Raises:
        ValueError: If it is no object, a key is missing or unknown, a value is of another type, or
            the dataclass refuses it.
    """
    try:
        result = _converted(kind, values, kind.__name__)
    except _Misfit as error:
        raise ValueError(f"{where} must hold a {kind.__name__}: {error}") from None
    return result  # type: ignore[no-any-return]


class _Misfit(Exception):  # noqa: N818 (never leaves this module)
    pass


def _converted(hint: Any, value: Any, name: str) -> Any:
    if hint is Any or hint is object:
        return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _one_of(inner, value, name)
    if origin is Literal:
        if not any(type(value) is type(allowed) and value == allowed for allowed in inner):
            raise _Misfit(f"{name} must be one of {', '.join(map(repr, inner))}{_got(value)}")
        return value
    if is_dataclass(hint):
        return _dataclass(hint, value, name)
    kind = origin or hint
    if kind is float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _Misfit(f"{name} must be a number{_got(value)}")
        try:
            return float(value)
        except OverflowError:
            raise _Misfit(f"{name} must be a number that a float can hold.") from None
    if kind in (tuple, list, Sequence):
        return _sequence(kind, inner, value, name)
    if kind in (dict, Mapping):
        if not isinstance(value, dict):
            raise _Misfit(f"{name} must be an object{_got(value)}")
        element = inner[1] if inner else Any
        return {key: _converted(element, v, f"{name}[{key!r}]") for key, v in value.items()}
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _Misfit(f"{name} must be {_WORDS.get(kind, kind.__name__)}{_got(value)}")
    return value


def _one_of(hints: tuple[Any, ...], value: Any, name: str) -> Any:
    if value is None and type(None) in hints:
        return None
    problems = []
    # An integer stays one where integers are allowed, whatever the order of the union.
    for hint in sorted(hints, key=lambda h: h is float):
        if hint is not type(None):
            try:
                return _converted(hint, value, name)
            except _Misfit as problem:
                problems.append(problem)
    raise problems[0]


def _sequence(kind: Any, inner: tuple[Any, ...], value: Any, name: str) -> Any:
    if not isinstance(value, list | tuple):
        raise _Misfit(f"{name} must be a list{_got(value)}")
    if kind is tuple and inner and inner[-1] is not ...:
        if len(value) != len(inner):
            raise _Misfit(f"{name} must have {len(inner)} values but has {len(value)}.")
        hints: Sequence[Any] = inner
    else:
        hints = [inner[0] if inner else Any] * len(value)
    found = [
        _converted(h, v, f"{name}[{i}]") for i, (h, v) in enumerate(zip(hints, value, strict=True))
    ]
    return tuple(found) if kind is tuple else found


def _dataclass(kind: Any, values: Any, name: str) -> Any:
    if not isinstance(values, dict):
        raise _Misfit(f"{name} must be an object{_got(values)}")
    known = {field.name: field for field in fields(kind) if field.init}
    if unknown := sorted(set(values) - set(known)):
        raise _Misfit(f"{name} has no field {unknown[0][:60]!r}.")
    for field in known.values():
        optional = field.default is not MISSING or field.default_factory is not MISSING
        if field.name not in values and not optional:
            raise _Misfit(f"{name} lacks {field.name!r}.")
    hints = _hints(kind)
    converted = {key: _converted(hints[key], value, key) for key, value in values.items()}
    try:
        return kind(**converted)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _Misfit(str(error)) from None


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Looked up once: evaluating the annotations takes longer than a whole record."""
    return get_type_hints(kind)


_WORDS = {int: "an integer", str: "text", bool: "true or false"}


def _got(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an integer with more digits than Python shows
        text = "a huge integer"
    return f" but got {text if len(text) <= 60 else text[:50] + '...'}."
