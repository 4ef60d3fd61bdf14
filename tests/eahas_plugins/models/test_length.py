import math

import pytest

from eahas_plugins.models.length import EnergyOfLength, is_number, level_of


def test_energy_is_proportional_until_a_configuration_was_trained_twice():
    energy = EnergyOfLength()
    assert energy.factor(20, 5) == 4.0
    energy.add("a", 5, kwh=1.0)
    energy.add("b", 20, kwh=1.0)
    assert energy.factor(20, 5) == 4.0
    assert energy.factor(5, 20) == 1.0


def test_the_power_is_learnt_in_either_order_and_holds_for_other_lengths():
    energy = EnergyOfLength()
    for config in range(4):
        first, second = ((7, 1.0), (52, 2.0))[:: 1 if config % 2 else -1]
        energy.add(config, first[0], kwh=first[1])
        energy.add(config, second[0], kwh=second[1])
    assert energy.factor(52, 7) == pytest.approx(2.0)
    assert energy.factor(52, 52**0.5 * 7**0.5) == pytest.approx(math.sqrt(2.0))


def test_one_disturbed_training_changes_little():
    energy = EnergyOfLength()
    for config, kwh in enumerate([2.0, 2.1, 1e6, 1.9, 2.0, 1e-6]):
        energy.add(config, 1, kwh=1.0)
        energy.add(config, 4, kwh=kwh)
    assert energy.factor(4, 1) == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("kwh", [None, 0.0, -1.0, math.nan, math.inf])
def test_what_is_not_known_tells_nothing(kwh):
    energy = EnergyOfLength()
    energy.add("a", 1, kwh=1.0)
    energy.add("a", 4, kwh=kwh)
    assert energy.factor(4, 1) == 4.0


def test_lengths_without_a_size():
    energy = EnergyOfLength()
    assert energy.factor("long", "short") == energy.factor(5, True) == energy.factor(5, None) == 1.0
    for config in range(3):
        energy.add(config, "short", kwh=1.0)
        energy.add(config, "long", kwh=3.0)
    assert energy.factor("long", "short") == pytest.approx(3.0)
    assert energy.factor("long", "long") == 1.0


def test_only_numbers_have_sizes():
    assert all(map(is_number, (5, 0.5)))
    assert not any(map(is_number, (True, "5", None, float("nan"))))


def test_energies_beyond_all_reason_stay_numbers():
    energy = EnergyOfLength()
    for config in range(3):
        energy.add(config, 1, kwh=5e-324)
        energy.add(config, 2, kwh=1e308)
    assert 1.0 < energy.factor(2, 1) < math.inf


def test_levels_of_schedules():
    assert level_of(10, (5, 10, 20)) == pytest.approx(0.5)
    assert level_of(True, (5, True)) == 1.0
