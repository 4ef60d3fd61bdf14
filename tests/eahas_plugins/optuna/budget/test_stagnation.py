from __future__ import annotations

import math
from typing import Any

import optuna
import pytest

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import new_study


def run(
    values: list[float],
    *,
    infeasible: frozenset[int] = frozenset(),
    each_kwh: float = 1.0,
    **options: Any,
) -> int:
    """Trials that reach these values, until two of them gain less than 0.01 per kWh."""

    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", each_kwh)
        if infeasible:
            trial.set_constraint("memory", 1.0 if trial.number in infeasible else -1.0)
        return values[trial.number]

    study = new_study(**options)
    budget = EnergyBudget(100.0, min_gain_per_kwh=0.01, gain_window_kwh=2.0 * each_kwh)
    study.optimize(budget.guard(objective), callbacks=[budget], n_trials=len(values))
    return len(study.trials)


def test_study_stops_when_gains_dry_up() -> None:
    assert run([0.5, 0.4, 0.3, 0.299, 0.2985, 0.298, 0.1]) == 5  # 0.3 -> 0.2985 over 2 kWh


def test_sums_that_round_do_not_make_the_window_longer() -> None:
    values = [0.5, 0.4, 0.3, 0.3, 0.3, 0.1, 0.1, 0.1]
    assert run(values, each_kwh=0.1) == run(values) == 5


def test_values_that_are_not_finite_are_no_gain() -> None:
    # the callback sees the third trial; the guard of the fourth ends the study
    assert run([0.5, -math.inf, -math.inf, 0.1], direction="minimize") < 4
    assert run([math.inf, 0.5, 0.6, 0.7, 0.8], direction="maximize") == 5


@pytest.mark.skipif(
    not hasattr(optuna.Trial, "set_constraint"), reason="Optuna 4 has no constraints of a trial"
)
def test_infeasible_values_are_no_gain() -> None:
    values = [0.5, 0.4, 0.3, 0.2, 0.1]
    assert run(values) == 5
    assert run(values, infeasible=frozenset({1, 2, 3, 4})) < 5


def test_gain_needs_one_objective() -> None:
    study = new_study(directions=["maximize", "minimize"])
    budget = EnergyBudget(100.0, min_gain_per_kwh=0.01)
    with pytest.raises(ValueError, match="needs a study with one objective"):
        study.optimize(budget.guard(lambda trial: (0.0, 0.0)), n_trials=1)
