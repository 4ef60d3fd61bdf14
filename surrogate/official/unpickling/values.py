"""What a pickle may contain, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MAX_OPCODES = 200_000
"""Opcodes of a file and of everything nested in it; upstream's curve files have about 15,000."""


@dataclass(frozen=True, slots=True)
class Name:
    """A global that the file names. It is never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Record:
    """An instance: the name of its class and its attributes."""

    kind: Name
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Budget:
    """Work that may still be done for a file and all that is nested in it.

    Args:
        n_bytes: Bytes that may be read. A value that is stored once and used often costs each time.
        opcodes: Opcodes that may be executed.
    """

    n_bytes: int
    opcodes: int = MAX_OPCODES

    @classmethod
    def of(cls, data: memoryview) -> Budget:
        """Enough for a file that holds everything once, nested and in a wider encoding."""
        return cls(n_bytes=4 * len(data) + 1024)

    def spend(self, *, n_bytes: int = 0, opcodes: int = 0) -> None:
        """Take from it.

        Raises:
            ValueError: If nothing is left.
        """
        self.n_bytes -= n_bytes
        self.opcodes -= opcodes
        if self.opcodes < 0 or self.n_bytes < 0:
            raise ValueError(f"the file is not plain data: it takes more than {MAX_OPCODES} steps.")


class ByteSource(Protocol):
    """The bytes of a pickle from a place on, each taken once."""

    data: memoryview

    def view(self, n: int) -> memoryview:
        """The next ``n`` bytes."""

    def number(self, layout: str) -> Any:
        """The next number, in a layout of :mod:`struct`."""


Call = Callable[[tuple[Any, ...]], Any]
Built = Callable[[ByteSource, Record], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """What a kind of file may contain; everything else is an error.

    Args:
        classes: Globals that may be instantiated without arguments and given attributes.
        calls: Globals that may be called, and what to make of their arguments.
        names: Globals that may only be mentioned.
        built: Called when an instance of a class has its attributes; returns what replaces it.
        persistent: What to make of a persistent identifier; None if there must be none.
    """

    classes: Collection[Name] = ()
    calls: Mapping[Name, Call] = field(default_factory=dict)
    names: Collection[Name] = ()
    built: Mapping[Name, Built] = field(default_factory=dict)
    persistent: Call | None = None
