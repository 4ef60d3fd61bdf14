from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from eahas_plugins.files import as_dataclass


@dataclass(frozen=True)
class Part:
    kind: Literal["gpu", "cpu"]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    trial: tuple[str, int | float]
    energy_kwh: float
    done: bool
    part: Part | None = None
    parts_kwh: dict[str, float] = field(default_factory=dict)
    extra: Any = None

    def __post_init__(self):
        if not self.energy_kwh >= 0.0:
            raise ValueError("energy_kwh must not be negative.")


GOOD = {"trial": ["a", 3], "energy_kwh": 1, "done": False}


def test_lists_and_objects_become_what_the_fields_are():
    entry = as_dataclass(
        Entry, {**GOOD, "part": {"kind": "gpu", "names": ["x"]}, "parts_kwh": {"g": 2}}, "f"
    )
    assert entry == Entry(("a", 3), 1.0, False, Part("gpu", ("x",)), {"g": 2.0})
    assert isinstance(entry.energy_kwh, float)
    assert isinstance(entry.trial[1], int)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"energy": 1}, "no field 'energy'"),
        ({"energy_kwh": "1"}, "energy_kwh must be a number"),
        ({"energy_kwh": True}, "energy_kwh must be a number"),
        ({"energy_kwh": None}, "energy_kwh must be a number"),
        ({"energy_kwh": -1.0}, "must not be negative"),
        ({"done": 1}, "done must be true or false"),
        ({"trial": ["a"]}, "trial must have 2 values"),
        ({"trial": "ab"}, "trial must be a list"),
        ({"trial": ["a", "3"]}, r"trial\[1\] must be an integer"),
        ({"part": {"kind": "tpu"}}, "kind must be one of 'gpu', 'cpu'"),
        ({"part": {"kind": ["gpu"]}}, "kind must be one of"),
        ({"part": []}, "part must be an object"),
        ({"part": {"kind": "gpu", "names": "x"}}, "names must be a list"),
        ({"parts_kwh": {"g": "2"}}, r"parts_kwh\['g'\] must be a number"),
        ({"parts_kwh": [1]}, "parts_kwh must be an object"),
    ],
)
def test_another_name_or_type_is_named(change, words):
    with pytest.raises(ValueError, match=rf"^f, line 3, must hold a Entry: .*{words}"):
        as_dataclass(Entry, {**GOOD, **change}, "f, line 3,")


def test_a_missing_field_and_no_object():
    with pytest.raises(ValueError, match="lacks 'done'"):
        as_dataclass(Entry, {"trial": ["a", 1], "energy_kwh": 1.0}, "f")
    for value in (None, 3, [], "x"):
        with pytest.raises(ValueError, match="must be an object"):
            as_dataclass(Entry, value, "f")
