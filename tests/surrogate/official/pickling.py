"""Python's pickler, writing objects of packages that are not installed as if they were."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True)
class Global:
    module: str
    name: str


@dataclass(eq=False)
class Instance:
    kind: Global
    state: Any


@dataclass(eq=False)
class Call:
    function: Global
    arguments: tuple[Any, ...]


@dataclass(eq=False)
class Persistent:
    identifier: Any


@dataclass(eq=False)
class JoblibArray:
    array: np.ndarray
    aligned: bool
    changes: dict[str, Any] = field(default_factory=dict)


class Pickler(pickle._Pickler):  # type: ignore[name-defined,misc]
    """Python's pickler that writes the things above as if they were the real ones."""

    dispatch: ClassVar[dict[Any, Any]] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined]

    def __init__(self, file: io.BytesIO, protocol: int) -> None:
        super().__init__(file, protocol)
        self.target = file

    def save_name(self, name: Global) -> None:
        if self.proto >= 4:
            self.save(name.module)
            self.save(name.name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{name.module}\n{name.name}\n".encode())
        self.memoize(name)

    def save_instance(self, instance: Instance) -> None:
        self.save(instance.kind)
        self.save(())
        self.write(pickle.NEWOBJ)
        self.memoize(instance)
        self.save(instance.state)
        self.write(pickle.BUILD)

    def save_call(self, call: Call) -> None:
        self.save(call.function)
        self.save(call.arguments)
        self.write(pickle.REDUCE)
        self.memoize(call)

    def save_persistent(self, persistent: Persistent) -> None:
        self.save(persistent.identifier)
        self.write(pickle.BINPERSID)

    def save_array(self, wrapped: JoblibArray) -> None:
        code = Instance(
            Call(Global("numpy", "dtype"), (wrapped.array.dtype.str[1:], False, True)),  # type: ignore[arg-type]
            None,
        )
        state = {
            "subclass": Global("numpy", "ndarray"),
            "shape": wrapped.array.shape,
            "order": "C",
            "dtype": DtypeState(code.kind),
            "allow_mmap": True,
        }
        if wrapped.aligned:
            state["numpy_array_alignment_bytes"] = 16
        state.update(wrapped.changes)
        self.save_instance(Instance(Global("joblib.numpy_pickle", "NumpyArrayWrapper"), state))
        if self.proto >= 4:
            self.framer.commit_frame(force=True)
        if wrapped.aligned:
            self.target.write(b"\x05" + b"\xff" * 5)
        self.target.write(wrapped.array.tobytes())

    def save_dtype(self, dtype: DtypeState) -> None:
        self.save(dtype.call)
        self.save((3, "<", None, None, None, -1, -1, 0))
        self.write(pickle.BUILD)

    dispatch[Global] = save_name
    dispatch[Instance] = save_instance
    dispatch[Call] = save_call
    dispatch[Persistent] = save_persistent
    dispatch[JoblibArray] = save_array


@dataclass(eq=False)
class DtypeState:
    call: Any


Pickler.dispatch[DtypeState] = Pickler.save_dtype


def dumps(value: Any, *, protocol: int = 4) -> bytes:
    file = io.BytesIO()
    Pickler(file, protocol).dump(value)
    return file.getvalue()
