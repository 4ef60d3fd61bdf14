import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eahas_plugins.energy.estimate import SERVER_CORE, Coefficient, EnergyModel, estimate_energy

amounts = st.floats(0.0, 1e6)


def joules(kwh: float) -> float:
    return kwh * 3.6e6


@pytest.mark.parametrize(
    ("cpu_s", "multiply_adds", "bytes_moved", "expected_j"),
    [
        (10.0, 0.0, 0.0, 50.0),  # 5 W
        (0.0, 1e12, 0.0, 130.0),  # 130 pJ each
        (0.0, 0.0, 1e12, 244.0),  # 244 pJ each
        (10.0, 1e12, 1e12, 424.0),
    ],
)
def test_energy_is_the_sum_of_three_terms(cpu_s, multiply_adds, bytes_moved, expected_j):
    estimate = estimate_energy(cpu_s=cpu_s, multiply_adds=multiply_adds, bytes_moved=bytes_moved)
    assert joules(estimate.energy_kwh) == pytest.approx(expected_j, rel=1e-12)


@given(amounts, amounts, amounts)
def test_bounds_enclose_and_parts_add_up(cpu_s, giga_multiply_adds, giga_bytes):
    estimate = estimate_energy(
        cpu_s=cpu_s, multiply_adds=1e9 * giga_multiply_adds, bytes_moved=1e9 * giga_bytes
    )
    assert estimate.low_kwh <= estimate.energy_kwh <= estimate.high_kwh
    parts = estimate.static_kwh + estimate.arithmetic_kwh + estimate.memory_kwh
    assert parts == pytest.approx(estimate.energy_kwh, rel=1e-12)


def test_arrays_give_what_single_trainings_give():
    cpu_s, multiply_adds, bytes_moved = np.array([[1.0, 2.0], [3e9, 5e9], [7e8, 0.0]])
    many = estimate_energy(cpu_s=cpu_s, multiply_adds=multiply_adds, bytes_moved=bytes_moved)
    for i in range(2):
        one = estimate_energy(
            cpu_s=float(cpu_s[i]),
            multiply_adds=float(multiply_adds[i]),
            bytes_moved=float(bytes_moved[i]),
        )
        assert many.energy_kwh[i] == one.energy_kwh
        assert many.low_kwh[i] == one.low_kwh
        assert many.high_kwh[i] == one.high_kwh


def test_two_trainings_of_equal_time_differ_in_energy():
    busy = estimate_energy(cpu_s=1.0, multiply_adds=1e10, bytes_moved=1e9)
    waiting = estimate_energy(cpu_s=1.0, multiply_adds=1e8, bytes_moved=1e9)
    assert busy.energy_kwh > 1.2 * waiting.energy_kwh


@pytest.mark.parametrize("name", ["cpu_s", "multiply_adds", "bytes_moved"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_impossible_amounts_are_refused(name, value):
    amounts = {"cpu_s": 1.0, "multiply_adds": 1.0, "bytes_moved": 1.0, name: value}
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and finite"):
        estimate_energy(**amounts)
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and finite"):
        estimate_energy(**{key: np.array([1.0, v]) for key, v in amounts.items()})


def test_every_coefficient_states_unit_and_source():
    for coefficient in SERVER_CORE.coefficients().values():
        assert coefficient.unit
        assert any(word in coefficient.source for word in ("Horowitz", "Choi", "TDP"))


def test_the_stated_derivation_gives_the_central_values():
    core_watts = 180.0 / 32 / 2
    assert SERVER_CORE.picojoules_per_multiply_add.central == pytest.approx(
        core_watts / (8 * 2.7e9) * 1e12, rel=0.01
    )
    assert SERVER_CORE.picojoules_per_byte.central == pytest.approx(
        (1.3e-9 + 2.6e-9) / 2 / 8 * 1e12, rel=0.01
    )


@pytest.mark.parametrize(
    "bounds", [(0.5, 1.0, 3.0), (0.0, -1.0, 1.0), (1.0, 0.0, math.inf), (math.nan, 0.0, 1.0)]
)
def test_a_coefficient_outside_its_bounds_is_refused(bounds):
    central, low, high = bounds
    with pytest.raises(ValueError, match="0 <= low <= central <= high"):
        Coefficient(central=central, low=low, high=high, unit="W", source="none")


def test_a_users_own_machine():
    def exactly(value):
        return Coefficient(central=value, low=value, high=value, unit="", source="wall meter")

    mine = EnergyModel(
        name="mine",
        static_watts_per_core=exactly(20.0),
        picojoules_per_multiply_add=exactly(10.0),
        picojoules_per_byte=exactly(0.0),
    )
    estimate = estimate_energy(cpu_s=1.0, multiply_adds=1e12, bytes_moved=1e12, model=mine)
    assert joules(estimate.energy_kwh) == pytest.approx(30.0)
    assert estimate.low_kwh == estimate.energy_kwh == estimate.high_kwh
