"""Damaged and hostile content, made from good content by a seeded generator."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import resource
from collections.abc import Iterator
from typing import Any

HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**70,
    10**400,
    float("nan"),
    float("inf"),
    1e308,
    "",
    "x" * 10_000,
    [],
    {},
    [1, [2, [3]]],
    {"a": {"b": None}},
    "../../etc/passwd",
)


def bytes_of(raw: bytes, rng: random.Random) -> bytes:
    """One to four bytes changed, taken out, put in, or the end cut off."""
    changed = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) or 1)
        action = rng.randrange(4)
        if action == 0 and changed:
            changed[place] = rng.randrange(256)
        elif action == 1:
            del changed[place : place + rng.randint(1, 40)]
        elif action == 2:
            changed[place:place] = rng.choice(
                [rng.randbytes(8), b"[" * 3000, b"9" * 500, b"\n" * 300, b"NaN", b"\0"]
            )
        elif rng.random() < 0.3:
            del changed[place:]
    return bytes(changed)


def value_of(value: Any, rng: random.Random) -> Any:
    """One place in a JSON value replaced, left out or added."""
    changed = copy.deepcopy(value)
    places = list(_places(changed))
    if not places:
        return rng.choice(HOSTILE)
    inside, key = rng.choice(places)
    action = rng.randrange(4)
    if action == 0:
        del inside[key]
    elif action == 1 and isinstance(inside, dict):
        inside[rng.choice(["new", "", str(key) + "_"])] = rng.choice(HOSTILE)
    else:
        inside[key] = rng.choice(HOSTILE)
    return changed


def text_of(value: Any) -> bytes:
    """As JSON, NaN and infinities included."""
    return json.dumps(value).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield value, key
            yield from _places(value[key])


@contextlib.contextmanager
def bounded_memory(more: int = 1 << 30) -> Iterator[None]:
    """Let the process grow by so many bytes and no more."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        used = int(file.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + more, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
