from __future__ import annotations

import pytest

from eahas_plugins.report.savings import saved_by_pruning, saved_by_short_trainings
from tests.eahas_plugins.report.runs import run, trial


def test_a_pruned_trial_saves_what_it_had_planned_and_did_not_spend() -> None:
    saving = saved_by_pruning(
        run(
            trial(0, "pruned", energy_kwh=1.0, planned_kwh=4.0),
            trial(1, "pruned", energy_kwh=5.0, planned_kwh=4.0),  # never less than nothing
            trial(2, "cut", energy_kwh=1.0, planned_kwh=9.0),  # not by a pruner
        )
    )
    assert saving is not None
    assert (saving.kwh, saving.n_trials) == (3.0, 2)
    assert "expected to need when it started (2 trials)" in saving.method


def test_without_a_plan_the_median_of_complete_trials_counts() -> None:
    saving = saved_by_pruning(
        run(
            trial(0, energy_kwh=2.0, values=(0.5,)),
            trial(1, energy_kwh=6.0, values=(0.5,)),
            trial(2, energy_kwh=3.0, values=(0.5,)),
            trial(3, "pruned", energy_kwh=1.0),
        )
    )
    assert saving is not None
    assert saving.kwh == 2.0
    assert "median energy of complete trials (1 trial)" in saving.method


def test_what_nobody_can_tell_is_none() -> None:
    assert saved_by_pruning(run(trial(0, "pruned", energy_kwh=1.0))) is None
    assert saved_by_pruning(run(trial(0, energy_kwh=1.0, values=(0.5,)))) is None
    assert saved_by_short_trainings(run(trial(0, energy_kwh=1.0, length=10.0))) is None


def test_short_trainings_save_the_rest_of_the_long_ones() -> None:
    saving = saved_by_short_trainings(
        run(
            trial(0, energy_kwh=1.0, length=10.0, group="a"),  # would take 4 at length 40
            trial(1, energy_kwh=2.0, length=10.0, group="b"),  # spent besides the full one below
            trial(2, energy_kwh=7.0, length=40.0, group="b"),
            trial(3, "failed", energy_kwh=1.0, length=10.0, group="c"),
            length_name="epochs",
        )
    )
    assert saving is not None
    assert saving.kwh == pytest.approx((4.0 - 1.0) + (7.0 - 9.0))
    assert saving.n_trials == 1
    assert "2 configurations" in saving.method
    assert "longest epochs (40)" in saving.method


def test_a_training_that_goes_on_pays_only_the_difference() -> None:
    saving = saved_by_short_trainings(
        run(
            trial(0, energy_kwh=1.0, training_kwh=1.0, length=10.0, group="a"),
            trial(1, energy_kwh=1.0, training_kwh=2.0, length=20.0, group="a"),
            trial(2, energy_kwh=4.0, training_kwh=4.0, length=40.0, group="b"),
            length_name="budget",
        )
    )
    assert saving is not None
    assert saving.kwh == pytest.approx((2.0 * 2 - 2.0) + 0.0)
