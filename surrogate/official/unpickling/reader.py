"""Reads pickles without unpickling: opcodes build plain values, and nothing of the file is called.

Python's own unpickler imports and calls whatever a file names. This reader knows the opcodes that
Python writes for plain data with protocols 2 to 4, keeps every global as a name, and asks an
:class:`~surrogate.official.unpickling.values.AllowList` what to make of a call. A name that is not
on the list is an error, wherever it stands. Every size is checked against the bytes that
are there before anything is allocated, and the number of opcodes and the depth of the stack are
bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from surrogate.official.unpickling.values import AllowList, Budget, Name, Record

MAX_STACK = 20_000
MAX_MARKS = 200
MAX_LONG_BYTES = 16


class Reader:
    """One pass over one pickle.

    Its methods are the steps of :meth:`read`; each raises a ``ValueError`` where the bytes ask for
    what is not there or not allowed.

    Args:
        data: The bytes, of which the pickle may be only the first part.
        allowed: What it may contain.
        budget: Opcodes left.
        position: Where the pickle starts.

    Raises:
        ValueError: By every method, see above.
    """

    def __init__(
        self, data: memoryview, allowed: AllowList, *, budget: Budget, position: int = 0
    ) -> None:
        self.data = data
        self.position = position
        self._allowed = allowed
        self._budget = budget
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def read(self) -> Any:
        """The value of the pickle; ``position`` is behind its end afterwards.

        Raises:
            ValueError: If the bytes are not a pickle of allowed things.
        """
        if self.take(1) != b"\x80" or not 2 <= self.take(1)[0] <= 4:
            raise ValueError("the file must be a pickle of protocol 2, 3 or 4.")
        while True:
            self._budget.spend(opcodes=1)
            opcode = self.take(1)[0]
            if opcode == ord("."):
                if self._marks or len(self._stack) != 1:
                    raise ValueError("the pickle must end with exactly one value.")
                return self._stack[0]
            step = _OPCODES.get(opcode)
            if step is None:
                raise ValueError(
                    f"pickle opcode {opcode:#04x} at byte {self.position - 1} is not allowed."
                )
            step(self)
            if len(self._stack) > MAX_STACK or len(self._marks) > MAX_MARKS:
                raise ValueError("the pickle is nested too deeply.")

    def take(self, n: int) -> bytes:
        """The next ``n`` bytes.

        Raises:
            ValueError: If the data ends before.
        """
        return bytes(self.view(n))

    def view(self, n: int) -> memoryview:
        """The next ``n`` bytes without copying them; raises like :meth:`take`."""
        end = self.position + n
        if n < 0 or end > len(self.data):
            raise ValueError(f"the file ends at byte {len(self.data)}, inside a value.")
        self._budget.spend(n_bytes=n)
        part = self.data[self.position : end]
        self.position = end
        return part

    def number(self, layout: str) -> Any:
        """The next number, in a layout of :mod:`struct`."""
        return struct.unpack(layout, self.view(struct.calcsize(layout)))[0]

    # -- the stack --------------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def pop(self) -> Any:
        """Take the last value since the last mark."""
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise ValueError("the pickle takes a value that is not there.")
        return self._stack.pop()

    def pop_many(self, n: int) -> tuple[Any, ...]:
        """Take ``n`` values, in the order they were put."""
        return tuple(reversed([self.pop() for _ in range(n)]))

    def pop_mark(self) -> list[Any]:
        """Take all values since the last mark, and the mark."""
        if not self._marks:
            raise ValueError("the pickle takes a mark that is not there.")
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def top(self, kind: type) -> Any:
        """The last value, which must be of a kind."""
        value = self.pop()
        if type(value) is not kind:
            raise ValueError(f"the pickle must have a {kind.__name__} here.")
        self.push(value)
        return value

    def set_mark(self) -> None:
        """Remember how high the stack is."""
        self._marks.append(len(self._stack))

    # -- memo -------------------------------------------------------------------------------------

    def remember(self, index: int) -> None:
        """Put the last value into the memo."""
        value = self.pop()
        self.push(value)
        self._memo[index] = value

    def memoize(self) -> None:
        """Put the last value into the memo under the next number."""
        self.remember(len(self._memo))

    def recall(self, index: int) -> None:
        """Push a value of the memo."""
        if index not in self._memo:
            raise ValueError("the pickle recalls a value that it never stored.")
        self.push(self._memo[index])

    # -- globals, calls, instances ----------------------------------------------------------------

    def push_name(self, module: Any, name: Any) -> None:
        """Push a global, if it is allowed at all."""
        if type(module) is not str or type(name) is not str:
            raise ValueError("a global of the pickle must be named by text.")
        known = Name(module, name)
        allowed = self._allowed
        if all(known not in kind for kind in (allowed.classes, allowed.calls, allowed.names)):
            shown = f"{module[:80]}.{name[:80]}"
            raise ValueError(f"the file names {shown!r}, which no official file contains.")
        self.push(known)

    def call(self) -> None:
        """Replace a global and its arguments by what the allow-list makes of them."""
        name, arguments = self.pop_many(2)
        if type(name) is not Name or type(arguments) is not tuple:
            raise ValueError("the pickle calls something that is not a global.")
        if name not in self._allowed.calls:
            raise ValueError(f"the pickle must not call {name}.")
        self.push(self._allowed.calls[name](arguments))

    def instantiate(self) -> None:
        """Replace a class and no arguments by an instance."""
        name, arguments = self.pop_many(2)
        if type(name) is not Name or name not in self._allowed.classes or arguments != ():
            raise ValueError("the pickle must only instantiate known classes, without arguments.")
        self.push(Record(name))

    def build(self) -> None:
        """Give an instance its attributes."""
        record, state = self.pop_many(2)
        if type(record) is not Record:
            raise ValueError("the pickle gives attributes to something that has none.")
        if type(state) is dict and not record.state:
            record.state = state  # not copied: a file may give the same dict to many instances
        elif type(state) is tuple:
            record.state["state"] = state
        else:
            raise ValueError("an instance must get its attributes once, as a dict.")
        built = self._allowed.built.get(record.kind)
        self.push(record if built is None else built(self, record))

    def persistent(self) -> None:
        """Replace a persistent identifier by what the allow-list makes of it."""
        identifier = self.pop()
        if self._allowed.persistent is None or type(identifier) is not tuple:
            raise ValueError("the pickle must not have persistent identifiers here.")
        self.push(self._allowed.persistent(identifier))

    def fill(self, pairs: list[Any]) -> None:
        """Put alternating keys and values into the dict on the stack."""
        target = self.top(dict)
        if len(pairs) % 2:
            raise ValueError("a dict of the pickle must have a value for every key.")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(key) is not str:  # others can be made to hash for ever, or all to the same
                raise ValueError("a key of a dict of the pickle must be text.")
            target[key] = value

    def extend(self, values: list[Any]) -> None:
        """Append values to the list on the stack."""
        self.top(list).extend(values)

    def text(self, n: int) -> str:
        """The next ``n`` bytes as text."""
        return str(self.view(n), "utf-8")

    def line(self) -> str:
        """Text up to the next line break, at most 200 bytes."""
        rest = bytes(self.data[self.position : self.position + 200])
        if b"\n" not in rest:
            raise ValueError("the name of a global of the pickle must end.")
        text = self.text(rest.index(b"\n"))
        self.position += 1
        return text

    def long(self, n: int) -> int:
        """The next ``n`` bytes as a whole number."""
        if not 0 <= n <= MAX_LONG_BYTES:
            raise ValueError(f"a whole number must have at most {MAX_LONG_BYTES} bytes.")
        return int.from_bytes(self.take(n), "little", signed=True)

    def frame(self, n: int) -> None:
        """The start of a frame, which must lie within the data."""
        if n > len(self.data) - self.position:
            raise ValueError("a frame of the pickle is longer than the file.")


_OPCODES: dict[int, Callable[[Reader], Any]] = {
    ord("N"): lambda r: r.push(None),
    0x88: lambda r: r.push(True),
    0x89: lambda r: r.push(False),
    ord("K"): lambda r: r.push(r.number("<B")),
    ord("M"): lambda r: r.push(r.number("<H")),
    ord("J"): lambda r: r.push(r.number("<i")),
    0x8A: lambda r: r.push(r.long(r.number("<B"))),
    0x8B: lambda r: r.push(r.long(r.number("<i"))),
    ord("G"): lambda r: r.push(r.number(">d")),
    0x8C: lambda r: r.push(r.text(r.number("<B"))),
    ord("X"): lambda r: r.push(r.text(r.number("<I"))),
    0x8D: lambda r: r.push(r.text(r.number("<Q"))),
    ord("C"): lambda r: r.push(r.take(r.number("<B"))),
    ord("B"): lambda r: r.push(r.take(r.number("<I"))),
    0x8E: lambda r: r.push(r.take(r.number("<Q"))),
    ord("("): lambda r: r.set_mark(),
    ord(")"): lambda r: r.push(()),
    0x85: lambda r: r.push(r.pop_many(1)),
    0x86: lambda r: r.push(r.pop_many(2)),
    0x87: lambda r: r.push(r.pop_many(3)),
    ord("t"): lambda r: r.push(tuple(r.pop_mark())),
    ord("]"): lambda r: r.push([]),
    ord("a"): lambda r: r.extend([r.pop()]),
    ord("e"): lambda r: r.extend(r.pop_mark()),
    ord("}"): lambda r: r.push({}),
    ord("s"): lambda r: r.fill(list(r.pop_many(2))),
    ord("u"): lambda r: r.fill(r.pop_mark()),
    # a set is kept as a list: its members need not be hashed
    0x8F: lambda r: r.push([]),
    0x90: lambda r: r.extend(r.pop_mark()),
    ord("q"): lambda r: r.remember(r.number("<B")),
    ord("r"): lambda r: r.remember(r.number("<I")),
    0x94: lambda r: r.memoize(),
    ord("h"): lambda r: r.recall(r.number("<B")),
    ord("j"): lambda r: r.recall(r.number("<I")),
    0x95: lambda r: r.frame(r.number("<Q")),
    ord("c"): lambda r: r.push_name(r.line(), r.line()),
    0x93: lambda r: r.push_name(*r.pop_many(2)),
    ord("R"): lambda r: r.call(),
    0x81: lambda r: r.instantiate(),
    ord("b"): lambda r: r.build(),
    ord("Q"): lambda r: r.persistent(),
}
