"""Tensors as torch's modules pickle them: storages in the legacy format, nested in the pickle.

A storage is itself five pickles (magic number, version, byte order, identifier, keys), the number
of elements and the raw data. Torch loads it with a full unpickler; here it is parsed. Where it was
saved from (``cpu``, ``cuda:0``) does not matter.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.official.unpickling.reader import Reader
from surrogate.official.unpickling.values import AllowList, Budget, Call, Name

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
MAX_DIMENSIONS = 4

_TYPES: Mapping[Name, np.dtype[Any]] = {
    Name("torch", "FloatStorage"): np.dtype("<f4"),
    Name("torch", "LongStorage"): np.dtype("<i8"),
}


@dataclass(frozen=True, slots=True)
class Storage:
    """One-dimensional data that tensors look into."""

    data: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Identifier:
    dtype: np.dtype[Any]
    key: str
    numel: int


def tensor_calls(budget: Budget) -> Mapping[Name, Call]:
    """The calls that build tensors, for a :class:`~.values.AllowList`."""
    return {
        Name("torch.storage", "_load_from_bytes"): lambda args: _storage(args, budget),
        Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
        Name("torch._utils", "_rebuild_parameter"): _parameter,
    }


def _storage(arguments: tuple[Any, ...], budget: Budget) -> Storage:
    if len(arguments) != 1 or type(arguments[0]) is not bytes:
        raise ValueError("a torch storage must be made of bytes.")
    data = memoryview(arguments[0])
    position = 0
    parts = []
    plain, header = AllowList(), AllowList(names=tuple(_TYPES), persistent=_identifier)
    for allowed in (plain, plain, plain, header, plain):
        reader = Reader(data, allowed, budget=budget, position=position)
        parts.append(reader.read())
        position = reader.position
    magic, version, system, identifier, keys = parts
    if (
        type(magic) is not int
        or magic != MAGIC
        or type(version) is not int
        or version != VERSION
        or type(system) is not dict
        or system.get("little_endian") is not True
    ):
        raise ValueError("a torch storage must be of the legacy format and little-endian.")
    if (
        type(identifier) is not _Identifier
        or type(keys) is not list
        or len(keys) != 1
        or type(keys[0]) is not str
        or keys[0] != identifier.key
    ):
        raise ValueError("a torch storage must name exactly itself.")
    if len(data) != position + 8 + identifier.numel * identifier.dtype.itemsize:
        raise ValueError("a torch storage must have as many bytes as it says.")
    if struct.unpack_from("<q", data, position)[0] != identifier.numel:
        raise ValueError("a torch storage must have as many elements as it says.")
    return Storage(np.frombuffer(data, identifier.dtype, identifier.numel, position + 8))


def _identifier(identifier: tuple[Any, ...]) -> _Identifier:
    if (
        len(identifier) not in (5, 6)
        or any(type(part) is not str for part in (identifier[0], *identifier[2:4]))
        or identifier[0] != "storage"
        or type(identifier[1]) is not Name
        or type(identifier[4]) is not int
        or identifier[4] < 0
        or identifier[5:] not in ((), (None,))
    ):
        raise ValueError("the identifier of a torch storage is malformed.")
    return _Identifier(_TYPES[identifier[1]], identifier[2], identifier[4])


def _tensor(arguments: tuple[Any, ...]) -> NDArray[Any]:
    """A read-only view, so that any number of tensors over one storage needs no memory."""
    if len(arguments) not in (6, 7) or type(arguments[0]) is not Storage:
        raise ValueError("a tensor must be made of a storage, offset, size and stride.")
    storage, offset, size, stride = arguments[:4]
    if (
        type(size) is not tuple
        or type(stride) is not tuple
        or len(size) != len(stride)
        or len(size) > MAX_DIMENSIONS
        or any(type(n) is not int or n < 0 for n in (offset, *size, *stride))
    ):
        raise ValueError("a tensor must have a size and a stride of few whole numbers.")
    if any(n > len(storage.data) for n in (*size, *stride)):
        raise ValueError("a tensor must lie within its storage.")
    numel, last = 1, offset
    for n, step in zip(size, stride, strict=True):
        numel *= n
        last += (n - 1) * step
    if numel > len(storage.data) or (numel and last >= len(storage.data)):
        raise ValueError("a tensor must lie within its storage.")
    itemsize = storage.data.itemsize
    view: NDArray[Any] = np.ndarray(
        size,
        storage.data.dtype,
        storage.data,
        offset * itemsize if numel else 0,
        tuple(step * itemsize for step in stride),
    )
    return view


def _parameter(arguments: tuple[Any, ...]) -> NDArray[Any]:
    if len(arguments) != 3 or not isinstance(arguments[0], np.ndarray):
        raise ValueError("a parameter must be made of a tensor.")
    return arguments[0]
