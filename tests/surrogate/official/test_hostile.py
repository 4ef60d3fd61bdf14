"""Files that were damaged, or made to do harm: a ValueError, soon, with little memory."""

import pickle
import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surrogate.official.curve_file import read_curve_file
from tests.surrogate.official.builders import (
    Call,
    Global,
    Instance,
    curve_model,
    dumps,
    energy_file,
    module,
    storage_bytes,
)
from tests.surrogate.official.hostile import (
    ARRAYS,
    READERS,
    TEXT,
    each_reader,
    either,
    read_energy,
    refused,
)


@each_reader
def test_the_undamaged_files_are_read(name: str) -> None:
    read, data = READERS[name]
    assert read(data) is not None


@each_reader
def test_every_truncation_is_refused(name: str) -> None:
    read, data = READERS[name]
    for length in [*range(64), *range(64, len(data), max(1, len(data) // 80)), len(data) - 1]:
        with pytest.raises(ValueError, match=r"."):
            read(data[:length])


@each_reader
def test_flipped_bits_never_do_anything_else(name: str) -> None:
    read, data = READERS[name]
    rng = random.Random(name)
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 8])):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        either(read, bytes(damaged))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(data=st.binary(max_size=300), protocol=st.integers(0, 6), nested=st.booleans())
def test_arbitrary_bytes_never_do_anything_else(data: bytes, protocol: int, nested: bool) -> None:
    data = b"\x80" + bytes([protocol]) + data + b"."
    if nested:
        data = dumps([Call(Global("torch.storage", "_load_from_bytes"), (data,))])
    either(read_curve_file, data)
    either(read_energy, data)


OPCODES = sorted(
    value[0] for value in vars(pickle).values() if isinstance(value, bytes) and len(value) == 1
)


@settings(
    derandomize=True, deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(OPCODES).map(lambda code: bytes([code])),
            st.binary(min_size=1, max_size=2),
            st.sampled_from(
                [b"\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93", b"}\x94", b")R"]
            ),
        ),
        max_size=40,
    )
)
def test_arbitrary_opcodes_never_do_anything_else(parts: list[bytes]) -> None:
    data = b"\x80\x04" + b"".join(parts) + b"."
    either(read_curve_file, data)
    either(read_energy, data)


# -- code --


class Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


HARMFUL = [
    Global("os", "system"),
    Global("builtins", "eval"),
    Global("builtins", "getattr"),
    Global("posix", "system"),
    Global("numpy", "load"),
    Global("torch", "load"),
    Global("torch.storage", "os.system"),
    Global("collections.abc", "os"),
    Global("functools", "partial"),
    Global("copyreg", "_reconstructor"),
]


@pytest.mark.parametrize("name", HARMFUL, ids=lambda g: f"{g.module}.{g.name}")
@pytest.mark.parametrize("protocol", [2, 4])
def test_a_call_of_anything_else_is_refused_wherever_it_stands(name: Global, protocol: int) -> None:
    call = Call(name, ("echo harm",))
    storage = dumps(call, protocol=protocol)
    for value in (call, [call], {"a": (call,)}, [name], module("Linear", "torch", {"x": call})):
        refused(read_curve_file, dumps(value, protocol=protocol), "no official file contains")
        refused(read_energy, dumps(value, protocol=protocol), "no official file contains")
    nested = Call(Global("torch.storage", "_load_from_bytes"), (storage,))
    refused(read_curve_file, dumps([nested], protocol=protocol), "no official file contains")
    refused(read_energy, energy_file(TEXT, extra=call), "no official file contains")


def test_a_real_reduce_is_not_executed(tmp_path: Path) -> None:
    target = tmp_path / "touched"
    for protocol in range(6):
        data = pickle.dumps([Touch(target)], protocol)
        refused(read_curve_file, data)
        refused(read_energy, data)
    assert not target.exists()
    pickle.loads(data)
    assert target.exists()


def test_an_allowed_class_may_not_be_called_nor_an_allowed_call_instantiated() -> None:
    linear = Global("torch.nn.modules.linear", "Linear")
    refused(read_curve_file, dumps([Call(linear, ())]), "must not call")
    wrong = Instance(Global("torch._utils", "_rebuild_tensor_v2"), {})
    refused(read_curve_file, dumps([wrong]), "only instantiate known classes")
    refused(read_curve_file, dumps([Instance(linear, ["a"])]), "attributes once, as a dict")
    refused(read_curve_file, b"\x80\x04K\x01}b.", "attributes to something")
    refused(read_curve_file, b"\x80\x04)Q.", "persistent identifiers")
    refused(read_curve_file, b"\x80\x04K\x01)R.", "not a global")


# -- memory and time --


def op_u32(code: bytes, n: int) -> bytes:
    return b"\x80\x04" + code + struct.pack("<I", n)


def op_u64(code: bytes, n: int) -> bytes:
    return b"\x80\x04" + code + struct.pack("<Q", n)


@pytest.mark.parametrize(
    "data",
    [
        op_u64(b"\x8e", 2**62),
        op_u64(b"\x8e", 2**64 - 1),
        op_u64(b"\x8d", 2**40),
        op_u64(b"\x95", 2**63),
        op_u32(b"B", 2**32 - 1),
        op_u32(b"X", 2**31),
        b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1),
        b"\x80\x04\x8b" + struct.pack("<i", -1),
        b"\x80\x04\x8a\xff" + b"\x7f" * 255 + b".",
        b"\x80\x04Nr" + struct.pack("<I", 2**32 - 1) + b"j\x00\x00\x00\x00.",
        b"\x80\x04" + b"(" * 100_000 + b".",
        b"\x80\x04" + b"N" * 100_000 + b".",
        b"\x80\x04" + b"N" + b"\x85" * 400_000 + b".",
        b"\x80\x04" + b"]" * 100 + b"a" * 99 + b"ab.",
        b"\x80\x04]\x94h\x00a.",
        b"\x80\x04}\x94\x8c\x01ah\x00s.",
        b"\x80\x04}K\x01K\x02s.",
        b"\x80\x04}(K\x01u.",
        b"\x80\x04" + b")" + b"\x94h\x00\x86" * 50 + b"}" + b"h\x31Ns.",
        b"\x80\x04" + b"]\x94" + b"(h\x00h\x00h\x00t\x94" * 100 + b".",
        b"\x80\x04c" + b"a" * 1_000_000 + b"\n.",
        b"\x80\x05N.",
        b"(lp0\n.",
        b"",
    ],
    ids=range(24),
)
def test_huge_deep_and_cyclic_values_are_refused(data: bytes) -> None:
    refused(read_curve_file, data)
    refused(read_energy, data)


def test_work_that_grows_faster_than_the_file_is_refused() -> None:
    storage = b"\x80\x02X" + struct.pack("<I", 100_000) + b"a" * 100_000 + b"."
    again = Global("torch.storage", "_load_from_bytes")
    good = storage_bytes(np.zeros(50_000, dtype=np.float32))
    refused(read_curve_file, dumps([Call(again, (storage,)) for _ in range(1000)]))
    refused(read_curve_file, dumps([Call(again, (good,)) for _ in range(20_000)]))
    text = "a" * 500_000
    encode = Global("_codecs", "encode")
    refused(
        read_curve_file,
        dumps([Call(encode, (text, "latin1")) for _ in range(1000)], protocol=3),
        "takes more than",
    )
    shared = [0] * 20_000
    sets = [Call(Global("builtins", "set"), (shared,)) for _ in range(5000)]
    refused(read_curve_file, dumps(sets))
    state = {str(i): None for i in range(5000)}
    linear = Global("torch.nn.modules.linear", "Linear")
    refused(read_curve_file, dumps([Instance(linear, state) for _ in range(5000)]))


def test_memory_of_many_tensors_over_one_storage_is_that_of_the_file() -> None:
    storage = Call(
        Global("torch.storage", "_load_from_bytes"),
        (storage_bytes(np.zeros(500_000, dtype=np.float32)),),
    )
    tensors = [
        Call(
            Global("torch._utils", "_rebuild_tensor_v2"),
            (storage, 0, (500_000,), (1,), False, None),
        )
        for _ in range(2000)
    ]
    refused(read_curve_file, dumps(tensors), "a list of one network")


def test_a_cycle_through_the_network_is_refused() -> None:
    model = curve_model(ARRAYS)
    modules = model[0].state["_modules"]
    modules["dvn"] = model[0]
    refused(read_curve_file, dumps(model), "must hold a Sequential")
