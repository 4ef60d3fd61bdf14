import io
import os
import random
import struct
import zipfile

import numpy as np
import pytest

from eahas_plugins.files import parse_arrays, read_arrays

ARRAYS = {
    "model.weight": np.arange(12.0).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "empty": np.empty((0, 7)),
    "n_trees": np.array(3),
    "mask": np.array([True, False]),
}


def saved(**arrays):
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def with_entry(name, content, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def header(text, n_bytes=0):
    text = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"\0" * n_bytes


def test_arrays_are_those_that_were_saved(tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(saved(**ARRAYS))
    found = read_arrays(path)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
        assert found[name].flags.writeable


def test_nan_only_where_it_is_allowed():
    for value in (np.nan, np.inf):
        raw = saved(a=np.array([1.0, value]))
        with pytest.raises(ValueError, match=r"^the\.npz: a must hold finite numbers"):
            parse_arrays(raw, "the.npz")
        assert not np.isfinite(parse_arrays(raw, "the.npz", not_finite={"a"})["a"]).all()


class Payload:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def encrypted():
    raw = bytearray(saved(a=np.arange(3.0)))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(signature) + place] |= 1
    return bytes(raw)


def method(number):
    raw = bytearray(saved(a=np.arange(3.0)))
    for signature, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        raw[raw.find(signature) + place] = number
    return bytes(raw)


SHAPE = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }"
HOSTILE = {
    "no zip": b"no zip",
    "empty": b"",
    "objects": saved(a=np.array([Payload()], dtype=object)),
    "text": saved(a=np.array(["x"])),
    "encrypted": encrypted(),
    "method 99": method(99),
    "bzip2": method(12),
    "huge shape": with_entry("a.npy", header(SHAPE % "(10**12,)".replace("10**12", str(10**12)))),
    "negative": with_entry("a.npy", header(SHAPE % "(-1,)", 8)),
    "overflow": with_entry("a.npy", header(SHAPE % f"({2**40}, {2**40})")),
    "short": with_entry("a.npy", header(SHAPE % "(3,)", 8)),
    "long": with_entry("a.npy", header(SHAPE % "(3,)", 32)),
    "nested header": with_entry("a.npy", header("(" * 5000)),
    "no literal": with_entry("a.npy", header("__import__('os').mkdir('executed')")),
    "traversal": with_entry("../../a.npy", header(SHAPE % "()", 8)),
    "absolute": with_entry("/tmp/a.npy", header(SHAPE % "()", 8)),
    "no array": with_entry("a.txt", b"hello"),
    "bomb": with_entry("a.npy", b"\0" * (300 << 20), zipfile.ZIP_DEFLATED),
    "many": saved(**{f"a{i}": np.array(i) for i in range(1001)}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_archives_are_value_errors_that_name_the_file(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^the\.npz"):
        parse_arrays(HOSTILE[kind], "the.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore")  # NumPy and zipfile warn of some damage before they fail
def test_damaged_archives_give_arrays_or_a_value_error():
    whole = saved(**ARRAYS)
    rng = random.Random(0)
    refused = accepted = 0
    for _ in range(1500):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(raw))
            action = rng.randrange(3)
            if action == 0:
                raw[place] = rng.randrange(256)
            elif action == 1:
                del raw[place : place + rng.randint(1, 30)]
            else:
                raw[place:place] = rng.randbytes(rng.randint(1, 30))
        try:
            parse_arrays(bytes(raw), "the.npz")
        except ValueError as error:
            refused += str(error).startswith("the.npz")
        else:
            accepted += 1
    assert refused + accepted == 1500
    assert refused > 700
