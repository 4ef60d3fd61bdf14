"""Who ended a trial, and how a study ended, in words."""

from __future__ import annotations

from typing import Any

import optuna
import pytest

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.studies import new_study, training, usual_loop


def lines(caplog: pytest.LogCaptureFixture, start: str) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.getMessage().startswith(start)]


@pytest.fixture(autouse=True)
def _told() -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)


@pytest.mark.parametrize(
    ("options", "pruner", "reason", "by"),
    [
        (
            {"kwh": 0.0025},
            optuna.pruners.NopPruner(),
            "Energy budget of the study: 3 of 2.5 Wh spent.",
            "budget",
        ),
        (
            {"kwh": 0.0025, "steady": True},
            optuna.pruners.NopPruner(),
            "Energy budget of the study: 2 of 2.5 Wh spent, and the next step needs 1 Wh.",
            "budget",
        ),
        (
            {"kwh": 1.0, "trial_limit_kwh": 2e-3},
            optuna.pruners.NopPruner(),
            "Energy limit of a trial: 2 of 2 Wh spent.",
            "trial_limit",
        ),
        (
            {"kwh": 1.0},
            optuna.pruners.ThresholdPruner(upper=0.6, n_warmup_steps=2),
            None,
            "pruner",
        ),
        (
            {"kwh": 1.0},
            optuna.pruners.ThresholdPruner(upper=0.6),
            "Pruned by ThresholdPruner at step 1, after 1 Wh.",
            "pruner",
        ),
        (
            {"kwh": 1e-3, "reserve": 4e-3, "shortfall": "skip"},
            optuna.pruners.NopPruner(),
            "No room in the energy budget: the trial needs 4 Wh, and of 1 Wh only 1 Wh are neither "
            "spent nor promised.",
            "no_room",
        ),
    ],
)
def test_a_pruned_trial_says_by_whom(
    caplog: pytest.LogCaptureFixture,
    options: dict[str, Any],
    pruner: optuna.pruners.BasePruner,
    reason: str | None,
    by: str,
) -> None:
    study, budget = new_study(pruner=pruner), EnergyBudget(**options)
    study.optimize(budget.guard(usual_loop(1e-3)), n_trials=1)
    if reason is None:
        assert lines(caplog, "Trial 0 pruned") == []
        return
    assert lines(caplog, "Trial 0 pruned") == [f"Trial 0 pruned. {reason}"]
    assert study.trials[0].user_attrs["energy_stopped"]["by"] == by


def test_the_objectives_own_words_stay(caplog: pytest.LogCaptureFixture) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 1.0)
        raise optuna.TrialPruned("the loss is not a number.")

    study, budget = new_study(), EnergyBudget(10.0)
    study.optimize(budget.guard(objective), n_trials=1)
    (line,) = lines(caplog, "Trial 0 pruned")
    assert "the loss is not a number. Pruned by the objective itself." in line
    assert study.trials[0].user_attrs["energy_stopped"] == {"by": "objective"}


@pytest.mark.parametrize("with_callback", [False, True])
def test_the_end_of_a_study_is_one_line(
    caplog: pytest.LogCaptureFixture, with_callback: bool
) -> None:
    study, budget = new_study(direction="maximize"), EnergyBudget(0.010)
    callbacks = [budget] if with_callback else []
    study.optimize(budget.guard(training(1e-3)), callbacks=callbacks)
    assert lines(caplog, "The study ends") == [
        "The study ends: the energy budget is used up; 10 of 10 Wh spent in 3 trials (2 complete, "
        "1 pruned). Best value 0.25 (trial 0)."
    ]


def test_what_pruning_saved_is_an_estimate(caplog: pytest.LogCaptureFixture) -> None:
    study = new_study(pruner=optuna.pruners.ThresholdPruner(upper=0.9))
    budget = EnergyBudget(2.0, reserve=4.0)
    study.optimize(budget.guard(training(foresight=False)), callbacks=[budget])
    (line,) = lines(caplog, "The study ends")
    # the second is ended by the budget, which saves nothing
    assert line.endswith(
        "No trial is complete, feasible and finite. Pruning saved 3 kWh (estimated)."
    )


def test_a_training_that_cannot_be_best(caplog: pytest.LogCaptureFixture) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 1.0)
        return [float("inf"), 2.0, 3.0][trial.number]

    study, budget = new_study(direction="maximize"), EnergyBudget(3.0)
    study.optimize(budget.guard(objective))
    (line,) = lines(caplog, "The study ends")
    assert "Best value 3 (trial 2)" in line


def test_several_objectives(caplog: pytest.LogCaptureFixture) -> None:
    def objective(trial: optuna.Trial) -> tuple[float, float]:
        trial.set_user_attr("energy_kwh", 1.0)
        return 0.0, 1.0

    study = new_study(directions=["maximize", "minimize"])
    budget = EnergyBudget(2.0)
    study.optimize(budget.guard(objective), callbacks=[budget])
    assert len(lines(caplog, "The study ends")) == 1


def test_a_spent_study_that_is_optimised_again_says_why_it_does_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    study, budget = new_study(), EnergyBudget(8.0)
    study.optimize(budget.guard(training()), callbacks=[budget])
    caplog.clear()
    study.optimize(budget.guard(training()), callbacks=[budget])
    (line,) = lines(caplog, "Trial 2 pruned")
    assert "Energy budget of the study: 8 of 8 kWh spent" in line
