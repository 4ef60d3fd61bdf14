"""Hyperband over kWh."""

from __future__ import annotations

import optuna

from eahas_plugins.optuna.pruners import (
    EnergyHyperbandPruner,
)
from tests.eahas_plugins.optuna.pruners.studies import new_study, run


def test_brackets_get_trials_in_proportion() -> None:
    pruner = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=9.0, reduction_factor=3)
    study = new_study(pruner)
    counts = [0] * pruner.n_brackets
    for number in range(3000):
        trial = optuna.trial.create_trial(value=0.0)
        trial.number = number
        counts[pruner.bracket_of(study, trial)] += 1
    assert [round(count / 3000, 1) for count in counts] == [0.5, 0.3, 0.2]  # 9 : 5 : 3


def test_bracket_depends_on_name_and_number_alone() -> None:
    pruner = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=9.0)
    twin = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=9.0)
    one, other = new_study(pruner), new_study(twin, study_name="another")
    trials = []
    for number in range(50):
        trial = optuna.trial.create_trial(value=0.0)
        trial.number = number
        trials.append(trial)
    brackets = [pruner.bracket_of(one, t) for t in trials]
    assert brackets == [twin.bracket_of(one, t) for t in trials]
    assert brackets != [twin.bracket_of(other, t) for t in trials]


def test_brackets_compare_among_themselves() -> None:
    pruner = EnergyHyperbandPruner(min_kwh=1.0, max_kwh=10.0)
    study = new_study(pruner)
    for value in range(40):
        run(study, [(9.5, float(value))])
    keys = {key for t in study.trials for key in t.system_attrs}
    assert keys == {
        "energy_rung:0:1",
        "energy_rung:0:3",
        "energy_rung:0:9",
        "energy_rung:1:3",
        "energy_rung:1:9",
        "energy_rung:2:9",
    }
    for trial in study.trials:
        bracket = pruner.bracket_of(study, trial)
        assert all(key.startswith(f"energy_rung:{bracket}:") for key in trial.system_attrs)
