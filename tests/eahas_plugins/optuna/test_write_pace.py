"""Writes of a running trial's energy: fewer where they are dear, all where the end is near."""

import optuna
import pytest

from eahas_plugins.energy import FakeMeter
from eahas_plugins.optuna import EnergyBudget, EnergyTracker
from eahas_plugins.optuna import _write_pace as pace
from eahas_plugins.optuna.pruners import EnergyHyperbandPruner


@pytest.fixture(autouse=True)
def _every_write_is_dear(monkeypatch):
    monkeypatch.setattr(pace, "_CHEAP_S", 0.0)
    monkeypatch.setattr(pace, "_SHARE", 1e-9)
    monkeypatch.setattr(pace, "_LONGEST_S", 1e9)


def run(cap_kwh, *, n_steps, pruner=None, **rules):
    """Energies that the storage held after each step of the first trial, and the study."""
    study = optuna.create_study(pruner=pruner or optuna.pruners.NopPruner())
    meter, held = FakeMeter(), []

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            for step in range(1, n_steps + 1):
                meter.advance(kwh=1.0)
                energy.report(0.5, step=step)
                held.append(study.get_trials(deepcopy=False)[0].user_attrs["energy_kwh"])
        return 0.5

    budget = EnergyBudget(cap_kwh, **rules)
    study.optimize(budget.guard(objective), n_trials=1)
    return held, study, budget


def test_far_from_the_end_a_report_may_wait_and_the_end_is_exact():
    held, study, budget = run(1e6, n_steps=5)
    assert held == [1.0] * 5
    assert study.trials[0].user_attrs["energy_kwh"] == 5.0
    assert budget.spent_kwh(study) == 5.0


def test_a_report_that_could_cross_the_budget_is_written():
    held, study, _ = run(30.0, n_steps=100)
    assert study.trials[0].state is optuna.trial.TrialState.PRUNED
    assert study.trials[0].user_attrs["energy_kwh"] == 30.0  # not one step more
    assert held[-5:] == [25.0, 26.0, 27.0, 28.0, 29.0]
    assert len(set(held)) < len(held)


def test_a_report_that_could_cross_the_trials_limit_is_written():
    _, study, _ = run(1e6, n_steps=100, trial_limit_kwh=20.0)
    assert study.trials[0].user_attrs["energy_kwh"] == 20.0


def test_who_looks_at_energies_sees_each():
    pruner = EnergyHyperbandPruner(min_kwh=10.0, max_kwh=100.0)
    held, _, _ = run(1e6, n_steps=5, pruner=pruner)
    assert held == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_cheap_write_is_made_at_each_report(monkeypatch):
    monkeypatch.setattr(pace, "_CHEAP_S", 1e9)
    held, _, _ = run(1e6, n_steps=4)
    assert held == [1.0, 2.0, 3.0, 4.0]


def test_a_trial_that_fails_keeps_all_that_it_has_used():
    study, meter = optuna.create_study(), FakeMeter()

    def objective(trial):
        with EnergyTracker(trial, meter=meter) as energy:
            for step in range(1, 6):
                meter.advance(kwh=1.0)
                energy.report(0.5, step=step)
            raise RuntimeError

    study.optimize(EnergyBudget(1e6).guard(objective), n_trials=1, catch=RuntimeError)
    assert study.trials[0].user_attrs["energy_kwh"] == 5.0
