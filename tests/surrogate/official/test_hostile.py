"""Files that were damaged, or made to do harm: a ValueError, soon, with little memory."""

import pickle
import random
import resource
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surrogate.official.curve_file import read_curve_file
from surrogate.official.energy_file import read_energy_file
from surrogate.official.lightgbm_text import read_model
from tests.surrogate.models.test_two_encoder_network import random_arrays
from tests.surrogate.official.builders import (
    Call,
    Global,
    Instance,
    curve_file,
    curve_model,
    dumps,
    energy_file,
    model_text,
    module,
    parameter,
    parameter_of,
    random_tree,
    storage_bytes,
)

ARRAYS = random_arrays(np.random.default_rng(0), hidden=2, degree=3, dtype=np.float32)
CURVE = curve_file(ARRAYS)
TEXT = model_text([random_tree(np.random.default_rng(1), n_leaves=n) for n in (4, 6)])
ENERGY = energy_file(TEXT)


def read_energy(data: bytes) -> Any:
    model = read_energy_file(data)
    return read_model(model.text, n_features=26, n_trees=model.n_trees)


READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "curve": (read_curve_file, CURVE),
    "curve-2": (read_curve_file, curve_file(ARRAYS, protocol=2)),
    "energy": (read_energy, ENERGY),
    "energy-3": (read_energy, energy_file(TEXT, protocol=3, aligned=False)),
}
each_reader = pytest.mark.parametrize("name", READERS)


def refused(read: Callable[[bytes], Any], data: bytes, match: str = r".") -> None:
    """A ValueError, without the process growing by more than the file explains."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=match):
        read(data)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * 1024 < 60e6 + 12 * len(data)


def either(read: Callable[[bytes], Any], data: bytes) -> None:
    """Damage may go unnoticed (in a number), or is a ValueError; nothing else."""
    try:
        read(data)
    except ValueError:
        return


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


# -- tensors --

FOUR = np.zeros(4, dtype=np.float32)


@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [
        ((5,), (1,), 0),
        ((4,), (1,), 1),
        ((4,), (2,), 0),
        ((1 << 40, 1 << 40), (0, 0), 0),
        ((100_000,), (0,), 0),
        ((2, 3), (0, 1), 0),
        ((4,), (-1,), 3),
        ((1,), (1 << 70,), 0),
        ((0, 1 << 70), (1, 1), 0),
        ((4,), (1, 1), 0),
        ((1,) * 5, (1,) * 5, 0),
        ((2.0,), (1,), 0),
        ((True,), (1,), 0),
        ([4], (1,), 0),
        ((4,), (1,), -1),
        ((1,), (1,), 1 << 66),
    ],
)
def test_a_tensor_outside_its_storage_is_refused(size: Any, stride: Any, offset: int) -> None:
    model = curve_model(ARRAYS)
    model[0].state["extra"] = parameter_of(
        storage_bytes(FOUR), size=size, stride=stride, offset=offset
    )
    refused(read_curve_file, dumps(model), "tensor must")


def test_a_transposed_tensor_is_read() -> None:
    arrays = dict(ARRAYS)
    weight = ARRAYS["hidden0.weight"]
    model = curve_model(arrays)
    first = model[0].state["_modules"]["dvn"].state["_modules"]["0"].state["_parameters"]
    stored = np.ascontiguousarray(weight.T)
    first["weight"] = parameter_of(
        storage_bytes(stored), size=weight.shape, stride=(1, weight.shape[0])
    )
    np.testing.assert_array_equal(read_curve_file(dumps(model))["hidden0.weight"], weight)


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        (storage_bytes(FOUR, numel=5), "as many bytes"),
        (storage_bytes(FOUR, numel=1 << 61), "as many bytes"),
        (storage_bytes(FOUR, numel=-1), "malformed"),
        (storage_bytes(FOUR, magic=1), "legacy format"),
        (storage_bytes(FOUR, kind="LongStorage"), "as many bytes"),
        (storage_bytes(FOUR, kind="HalfStorage"), "no official file contains"),
        (storage_bytes(FOUR) + b"more", "as many bytes"),
        (storage_bytes(FOUR)[:-1], "as many bytes"),
        (b"PK\x03\x04", "protocol 2, 3 or 4"),
        ("text", "made of bytes"),
    ],
)
def test_a_malformed_storage_is_refused(storage: Any, message: str) -> None:
    model = curve_model(ARRAYS)
    model[0].state["extra"] = parameter_of(storage, size=(4,), stride=(1,))
    refused(read_curve_file, dumps(model), message)


def changed_model(change: Callable[[dict[str, Any]], Any]) -> bytes:
    model = curve_model(ARRAYS)
    change(model[0].state["_modules"])
    return dumps(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("acc"), "lacks its 'acc'"),
        (lambda m: m["acc"].state.pop("_parameters"), "lacks its _parameters"),
        (lambda m: m["acc"].state.update(_parameters=[1]), "lacks its _parameters"),
        (lambda m: m["acc"].state["_parameters"].update(weight=None), "tensor of float32"),
        (
            lambda m: (
                m["acc"]
                .state["_parameters"]
                .update(bias=parameter(np.zeros(2, dtype=np.int64), kind="LongStorage"))
            ),
            "tensor of float32",
        ),
        (lambda m: m["dvn"].state["_modules"].pop("5"), "lacks its '5'"),
        (
            lambda m: m["dvn"].state["_modules"].update({"1": m["dead"]}),
            "three hidden layers",
        ),
        (lambda m: m.update(out=m["dvn"]), "must hold a Linear"),
        (lambda m: m.update(out=m["acc"]), "degree 3 to 6"),
    ],
)
def test_another_network_is_refused(change: Callable[[dict[str, Any]], Any], message: str) -> None:
    refused(read_curve_file, changed_model(change), message)


def test_a_file_of_two_networks_is_refused() -> None:
    refused(read_curve_file, dumps(curve_model(ARRAYS) * 2), "a list of one network")
    refused(read_curve_file, dumps(OrderedDict()), "a list of one network")


# -- energy files --


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "text"}, "must have its text"),
        ({"text": b"tree"}, "must have its text"),
        ({"order": np.array([0, 1], dtype=np.int64)}, "one model"),
        ({"order": np.array([1], dtype=np.int64)}, "one model"),
        ({"array_changes": {"shape": (1 << 61,)}}, "malformed"),
        ({"array_changes": {"shape": (1 << 14, 1 << 14)}}, "malformed"),
        ({"array_changes": {"shape": (300, 300)}}, "ends at byte"),
        ({"array_changes": {"shape": (-1,)}}, "malformed"),
        ({"array_changes": {"order": "K"}}, "malformed"),
        ({"array_changes": {"dtype": None}}, "malformed"),
        ({"array_changes": {"subclass": "numpy.memmap"}}, "malformed"),
        ({"order": np.array([0], dtype="c16")}, "one of i4"),
        ({"best_iteration": "all"}, "best iteration"),
    ],
)
def test_a_malformed_energy_file_is_refused(options: dict[str, Any], message: str) -> None:
    options = {"text": TEXT, **options}
    refused(read_energy, energy_file(options.pop("text"), **options), message)


def changed_tree(**changes: Any) -> str:
    return model_text([{**random_tree(np.random.default_rng(1), n_leaves=4), **changes}])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed_tree(left_child=[0, -1, -2], right_child=[1, 2, -3]), "child of one earlier"),
        (changed_tree(left_child=[-1, 2, 1], right_child=[-2, -3, -4]), "child of one earlier"),
        (changed_tree(left_child=[2, -1, 1], right_child=[-2, -3, -4]), "child of one earlier"),
        (changed_tree(left_child=[1, 2, -9], right_child=[-1, -2, -3]), "child of one earlier"),
        (changed_tree(left_child=[1, 2, 99], right_child=[-1, -2, -3]), "child of one earlier"),
        (changed_tree(left_child=[1, 2, 10**12], right_child=[-1, -2, -3]), "small whole"),
        (changed_tree(left_child=[1, 2], right_child=[-1, -2, -3]), "3 values of left_child"),
        (changed_tree(left_child=["x", 2, 3]), "whole numbers"),
        (changed_tree(split_feature=[0, 1, 26]), "features 0 .. 25"),
        (changed_tree(split_feature=[0, 1, -1]), "features 0 .. 25"),
        (changed_tree(decision_type=[2, 2, 1]), "numeric splits"),
        (changed_tree(decision_type=[2, 2, 6]), "numeric splits"),
        (changed_tree(threshold=[0.1, 0.2, float("nan")]), "finite"),
        (changed_tree(leaf_value=[0.1, 0.2, 0.3, float("inf")]), "finite"),
        (changed_tree(threshold=["1" * 200] * 3), "has more"),
        (TEXT.replace("num_cat=0", "num_cat=1"), "numeric splits and constant"),
        (TEXT.replace("is_linear=0", "is_linear=1"), "numeric splits and constant"),
        (TEXT.replace("num_leaves=4", "num_leaves=0"), "leaves"),
        (TEXT.replace("num_leaves=4", "num_leaves=4000000"), "leaves"),
        (TEXT.replace("num_leaves=4", "num_leaves=٤"), "whole number as num_leaves"),
        (TEXT.replace("version=v4", "version=v5"), "version v3 or v4"),
        (TEXT.replace("objective=regression", "objective=regression sqrt"), "objective"),
        (TEXT.replace("objective=regression", "objective=poisson"), "objective"),
        (TEXT.replace("max_feature_idx=25", "max_feature_idx=30"), "max_feature_idx 25"),
        (TEXT.replace("num_class=1", "num_class=3"), "num_class 1"),
        (TEXT.replace("Tree=1", "Tree=7"), "'Tree=1' next"),
        (TEXT.replace("end of trees", ""), "ends before"),
        (TEXT[: TEXT.index("Tree=0")] + "end of trees\n", "at least one tree"),
        ("", "must have its text"),
        ("tree", "ends before"),
        ("\n" * 500_000, "at most 400000 lines"),
        ("\n".join(f"key{i}=1" for i in range(100_000)), "ends before"),
    ],
)
def test_a_malformed_model_text_is_refused(text: str, message: str) -> None:
    refused(read_energy, energy_file(text), message)


def test_a_tree_that_is_one_long_branch_is_refused() -> None:
    n = 400
    chain = changed_tree(
        split_feature=[0] * n,
        threshold=[0.5] * n,
        decision_type=[2] * n,
        left_child=[*range(1, n), -1],
        right_child=list(range(-2, -n - 2, -1)),
        leaf_value=[0.0] * (n + 1),
    )
    refused(read_energy, energy_file(chain), "levels deep")
