from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.units import J_PER_KWH, KWH, WH, J, energy_text, energy_unit, share_text


@pytest.mark.parametrize(
    ("kwh", "text"),
    [
        (0.0, "0 J"),
        (1e-9, "0.0036 J"),
        (8e-6, "28.8 J"),
        (40e-6, "144 J"),
        (0.000999, "3,600 J"),
        (0.001, "1 Wh"),
        (0.0123456, "12.3 Wh"),
        (0.99999, "1,000 Wh"),
        (1.0, "1 kWh"),
        (-0.002, "-2 Wh"),
        (40_000.0, "40,000 kWh"),
        (1e9, "1,000,000,000 kWh"),
        (None, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_energy_reads_well(kwh: float | None, text: str) -> None:
    assert energy_text(kwh) == text


def test_a_part_is_in_the_unit_of_the_whole() -> None:
    assert share_text(8e-6, 8e-6) == "28.8 of 28.8 J"
    assert share_text(4e-6, 0.002) == "0.004 of 2 Wh"
    assert share_text(0.5, 10.0) == "0.5 of 10 kWh"


@given(st.floats(min_value=1e-12, max_value=1e9))
def test_what_is_shown_is_the_energy_to_three_digits(kwh: float) -> None:
    number, name = energy_text(kwh).split(" ")
    assert re.fullmatch(r"[0-9,.]+(e-\d+)?", number)
    unit = {unit.name: unit for unit in (J, WH, KWH)}[name]
    assert unit is energy_unit(kwh)
    assert float(number.replace(",", "")) / unit.per_kwh == pytest.approx(kwh, rel=5.1e-3)


def test_joules() -> None:
    assert J_PER_KWH == 3.6e6
    assert energy_text(1.0, unit=J) == "3,600,000 J"
