"""Calls of the standard library that appear in official files, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from surrogate.official.unpickling.values import Budget, Call, Name

ORDERED_DICT = Name("collections", "OrderedDict")


def _empty_dict(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    if arguments != ():
        raise ValueError("an ordered dict must start empty.")
    return {}


def _default_dict(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    if len(arguments) != 1 or type(arguments[0]) is not Name or arguments[0] != ORDERED_DICT:
        raise ValueError("a default dict must be one of ordered dicts.")
    return {}


def _set(arguments: tuple[Any, ...]) -> list[Any]:
    if len(arguments) != 1 or type(arguments[0]) is not list:
        raise ValueError("a set must be made of a list.")
    return arguments[0]


def _encode(arguments: tuple[Any, ...], budget: Budget) -> bytes:
    """Protocol 2 has no bytes: it writes them as the latin-1 text they would be."""
    if (
        len(arguments) != 2
        or any(type(part) is not str for part in arguments)
        or arguments[1] not in ("latin1", "latin-1")
    ):
        raise ValueError("bytes must be made of latin-1 text.")
    budget.spend(n_bytes=len(arguments[0]))
    try:
        return bytes(arguments[0].encode("latin-1"))
    except UnicodeEncodeError as error:
        raise ValueError("bytes must be made of latin-1 text.") from error


def _empty_bytes(arguments: tuple[Any, ...]) -> bytes:
    if arguments != ():
        raise ValueError("bytes must be made of latin-1 text.")
    return b""


def plain_calls(budget: Budget) -> Mapping[Name, Call]:
    """The calls, for a :class:`~surrogate.official.unpickling.values.AllowList`."""
    return {
        ORDERED_DICT: _empty_dict,
        Name("collections", "defaultdict"): _default_dict,
        Name("builtins", "set"): _set,
        Name("__builtin__", "set"): _set,
        Name("_codecs", "encode"): lambda args: _encode(args, budget),
        Name("builtins", "bytes"): _empty_bytes,
        Name("__builtin__", "bytes"): _empty_bytes,
    }
