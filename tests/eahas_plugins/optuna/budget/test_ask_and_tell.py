"""Loops that ask and tell: the budget has no other who looks at their trials."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from tests.eahas_plugins.optuna.budget.test_unknown_energy import warnings


def run(study: optuna.Study, budget: EnergyBudget, *, name: str, starts: bool = False) -> int:
    """Ask while the budget is not exhausted, at most ten times; returns the number of trials."""
    while not budget.exhausted(study) and len(study.trials) < 10:
        trial = study.ask()
        if starts:
            budget.start(trial)
        trial.set_user_attr(name, 0.25)
        study.tell(trial, 1.0)
    return len(study.trials)


@pytest.mark.parametrize("starts", [False, True])
def test_energy_that_never_arrives_is_told_once(
    caplog: pytest.LogCaptureFixture, starts: bool
) -> None:
    assert run(optuna.create_study(), EnergyBudget(1.0), name="energy_wh", starts=starts) == 10
    (record,) = warnings(caplog)
    assert "finished without reporting energy" in record.getMessage()
    assert "it has set 'energy_wh'" in record.getMessage()


@pytest.mark.parametrize("storage", [None, "sqlite:///{}/study.db"])
def test_energy_that_arrives_ends_the_loop(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, storage: str | None
) -> None:
    study = optuna.create_study(storage=storage and storage.format(tmp_path))
    assert run(study, EnergyBudget(1.0), name="energy_kwh") == 4
    assert not warnings(caplog)


def test_what_ran_before_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    study = optuna.create_study()
    study.optimize(lambda _: 1.0, n_trials=3)
    study.add_trial(optuna.trial.create_trial(value=1.0))
    assert not EnergyBudget(1.0).exhausted(study)
    assert not warnings(caplog)


def test_a_storage_that_may_only_be_read_answers(tmp_path: Path) -> None:
    study = optuna.create_study(storage=f"sqlite:///{tmp_path}/study.db", study_name="s")
    budget = EnergyBudget(9.0)
    study.optimize(budget.guard(lambda t: t.set_user_attr("energy_kwh", 1.0) or 1.0), n_trials=2)
    read = optuna.load_study(
        storage=f"sqlite:///file:{tmp_path}/study.db?mode=ro&uri=true", study_name="s"
    )
    for asked in (budget, EnergyBudget(9.0)):
        assert (asked.spent_kwh(read), asked.exhausted(read)) == (2.0, False)


def test_what_is_no_study_or_trial_is_refused_by_name() -> None:
    study, budget = optuna.create_study(), EnergyBudget(1.0)
    trial = study.ask()
    for ask in (budget.exhausted, budget.spent_kwh, budget.balance, budget.may_start):
        with pytest.raises(TypeError, match="study must be a Study but got"):
            ask(trial)  # type: ignore[arg-type]
    study.tell(trial, 1.0)
    for wrong in (study.trials[0], 0, None, study):
        with pytest.raises(TypeError, match="trial must be a Trial but got"):
            budget.start(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="trial must be a Trial but got"):
            budget.report(wrong, energy_kwh=1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="objective must be a function of a trial but got None"):
        budget.guard(None)  # type: ignore[arg-type]


def test_an_added_trial_has_not_forgotten_its_energy(caplog: pytest.LogCaptureFixture) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 0.1)
        return 1.0

    study, budget = optuna.create_study(), EnergyBudget(9.0)
    study.optimize(budget.guard(objective), n_trials=2, callbacks=[budget])
    study.add_trial(optuna.create_trial(value=1.0))
    study.optimize(budget.guard(objective), n_trials=2, callbacks=[budget])
    assert "without reporting energy" not in caplog.text
