from __future__ import annotations

import math

import pytest

from eahas_plugins.report import Objective
from eahas_plugins.report.numbers import numbers_of
from tests.eahas_plugins.report.runs import ESTIMATED, METERED, run, small, trial


def test_energy_by_state_adds_up_to_what_was_spent() -> None:
    numbers = numbers_of(small(unlisted_kwh=0.002))
    assert {(s.state, s.n_trials): s.kwh for s in numbers.states} == {
        ("complete", 2): pytest.approx(0.006),
        ("pruned", 1): 0.001,
        ("cut", 1): 0.0015,
        ("failed", 1): 0.0005,
        ("running", 1): 0.001,
    }
    assert numbers.spent_kwh == pytest.approx(0.012)
    assert numbers.mean_complete_kwh == pytest.approx(0.003)
    assert numbers.n_by_expectation == 1


def test_unknown_energy_is_not_zero() -> None:
    numbers = numbers_of(run(trial(0, energy_kwh=0.1, values=(0.5,)), trial(1, values=(0.6,))))
    (complete,) = numbers.states
    assert (complete.n_trials, complete.n_unknown) == (2, 1)
    assert numbers.mean_complete_kwh == 0.1
    assert [t.name for t in numbers.front] == ["trial 0"]


def test_the_best_is_eligible_and_says_when_it_was_found() -> None:
    numbers = numbers_of(
        run(
            trial(0, energy_kwh=1.0, values=(0.5,)),
            trial(1, energy_kwh=1.0, values=(0.99,), eligible=False),
            trial(2, energy_kwh=2.0, values=(0.7,)),
            trial(3, energy_kwh=1.0, values=(math.nan,), eligible=False),
        )
    )
    assert [t.name for t in numbers.best] == ["trial 2", "trial 0"]
    assert numbers.best_found_kwh == 4.0
    assert [t.name for t in numbers.front] == ["trial 0", "trial 2"]


def test_lower_is_better_where_it_is_minimised() -> None:
    numbers = numbers_of(
        run(
            trial(0, energy_kwh=1.0, values=(0.5,)),
            trial(1, energy_kwh=2.0, values=(0.7,)),
            objectives=(Objective(name="loss"),),
        )
    )
    assert numbers.best[0].name == "trial 0"
    assert [t.name for t in numbers.front] == ["trial 0"]


def test_of_several_objectives_the_best_are_the_front() -> None:
    numbers = numbers_of(
        run(
            trial(0, energy_kwh=1.0, values=(0.5, 3.0)),
            trial(1, energy_kwh=1.0, values=(0.7, 5.0)),
            trial(2, energy_kwh=1.0, values=(0.6, 6.0)),  # worse than 1 in both
            trial(3, energy_kwh=1.0, values=(0.7, 5.0)),  # equal to 1: neither dominates
            objectives=(Objective(name="accuracy", maximize=True), Objective(name="latency")),
        )
    )
    assert [t.name for t in numbers.best] == ["trial 1", "trial 3", "trial 0"]
    assert numbers.best_found_kwh is None


def test_energies_are_listed_by_where_they_come_from() -> None:
    found = {s.source: (s.n_trials, s.kwh) for s in numbers_of(small()).sources}
    assert found == {
        METERED: (4, pytest.approx(0.0055)),
        ESTIMATED: (2, pytest.approx(0.0045)),
    }


def test_emissions() -> None:
    assert numbers_of(small()).emissions is None
    own = numbers_of(small(), g_per_kwh=100.0, country="FRA").emissions
    assert own is not None
    assert own.g_co2e == pytest.approx(1.0)
    of_country = numbers_of(small(), country="fra").emissions
    assert of_country is not None
    assert of_country.g_co2e == pytest.approx(0.56)
    assert of_country.source.startswith("FRA, mean of 2023")


@pytest.mark.parametrize("g_per_kwh", [-1.0, math.nan, math.inf])
def test_an_impossible_intensity_is_refused(g_per_kwh: float) -> None:
    with pytest.raises(ValueError, match="g_per_kwh must be"):
        numbers_of(small(), g_per_kwh=g_per_kwh)


def test_a_run_without_energies_is_refused() -> None:
    with pytest.raises(ValueError, match="must have energies but none of 2 has one"):
        numbers_of(run(trial(0, values=(0.5,)), trial(1, values=(0.6,))))
    with pytest.raises(ValueError, match="must have trials but has none"):
        numbers_of(run())
    with pytest.raises(ValueError, match="must have an objective"):
        run(objectives=())
