"""Whatever the content, a reader gives a value or a ValueError that names the file."""

import json
import zlib
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from eahas_plugins.files import as_dataclass, parse_arrays, parse_json, parse_lines
from eahas_plugins.files.lines import objects_of

SINGLE = [bytes([byte]) for byte in b'{}[]"a:,1-\n\\\xff \0']
LONG = [b"e9", b"NaN", b"null", b"true", b"9" * 400, b"[" * 100, b'"a":1', b"\\ud800"]
pieces = st.sampled_from([*SINGLE, *LONG])
texts = st.one_of(st.binary(max_size=60), st.lists(pieces, max_size=30).map(b"".join))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


def named(read):
    try:
        return read()
    except ValueError as error:
        if not str(error).startswith("the file"):
            raise AssertionError("the message must name the file") from error
        return None


@settings(derandomize=True, deadline=None, max_examples=500)
@given(texts)
def test_any_text_as_json(text):
    value = named(lambda: parse_json(text, "the file"))
    assert json.loads(json.dumps(value, allow_nan=False)) == value


@settings(derandomize=True, deadline=None, max_examples=300)
@given(texts, st.booleans(), st.integers(0, 200))
def test_any_text_as_lines(text, packed, cut):
    raw = zlib.compress(text, wbits=31)[: cut or None] if packed else text
    found = named(lambda: list(parse_lines(raw, "the file", packed=packed)))
    if found is not None:
        assert b"".join(line.text + b"\n" * line.ended for line in found) == text
        named(lambda: list(objects_of(found, "the file")))
        named(lambda: list(objects_of(found, "the file", torn=[])))


@dataclass(frozen=True)
class Inner:
    kwh: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    a: int | None
    b: dict[str, Inner]
    c: list[bool | float]


@settings(derandomize=True, deadline=None, max_examples=300)
@given(values | st.fixed_dictionaries({"a": values, "b": values, "c": values}))
def test_any_value_as_a_dataclass(value):
    found = named(lambda: as_dataclass(Outer, value, "the file"))
    assert found is None or all(isinstance(inner, Inner) for inner in found.b.values())


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_as_arrays(raw, zip_like):
    found = named(lambda: parse_arrays(b"PK\x05\x06" + raw if zip_like else raw, "the file"))
    assert found is None or all(isinstance(array, np.ndarray) for array in found.values())
