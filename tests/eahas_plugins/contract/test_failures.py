"""Trainings that fail, in every host: charged once, without a value, and never in the way."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import Literal, get_args

import pytest

from eahas_plugins.report import Report, read_run
from tests.eahas_plugins.contract.failing_training import FAILS_AT, FailingTraining, How
from tests.eahas_plugins.contract.own_training import BEST_X, EPOCH_KWH, LONG, SHORT, Trained
from tests.eahas_plugins.contract.problem import Driver
from tests.eahas_plugins.contract.test_contract import pytestmark as pytestmark
from tests.eahas_plugins.meters import Counter

BUDGET_KWH = 0.3
MOST = 50
"""After so many that failed, and none that did not, a search ends."""


def fails_above_half(x: float, n: int) -> bool:
    return x > 0.5


def fails_but_for_a_sixth(x: float, n: int) -> bool:
    return not 0.2 < x < 0.36


def burnt_kwh(training: FailingTraining) -> float:
    return training.meter.energy_kwh - Counter.energy_kwh


def spent_kwh(trained: list[Trained]) -> float:
    return sum(trial.energy_kwh for trial in trained)


def promoted_all_the_same(trained: list[Trained]) -> list[Trained]:
    """Trials that train longer what has failed before."""
    failed: set[float] = set()
    found = []
    for trial in trained:
        found += [trial] if trial.x in failed else []
        failed |= {trial.x} if trial.failed else set()
    return found


@pytest.mark.parametrize("how", get_args(How))
def test_a_failure_is_charged_once_and_has_no_value(
    driver: Driver, tmp_path: Path, how: How
) -> None:
    training = FailingTraining("minimize", Counter(), fails_above_half, how)
    trained = driver.search(training, tmp_path, budget_kwh=BUDGET_KWH, seed=2)
    failed = [trial for trial in trained if trial.failed]
    assert [trial.x for trial in failed] == training.failed
    assert failed
    steps = 0 if how == "before" else FAILS_AT
    assert [trial.energy_kwh for trial in failed] == pytest.approx(
        [steps * EPOCH_KWH] * len(failed)
    )
    assert all(trial.score is None for trial in failed)
    assert spent_kwh(trained) == pytest.approx(burnt_kwh(training))
    assert BUDGET_KWH - EPOCH_KWH <= spent_kwh(trained) <= BUDGET_KWH + EPOCH_KWH

    succeeded = {t.x for t in trained if not t.failed}
    assert driver.best_x(tmp_path) in succeeded
    assert not promoted_all_the_same(trained)
    report = Report.of(read_run(driver.run_folder(tmp_path)))
    assert report.numbers.spent_kwh == pytest.approx(spent_kwh(trained))
    (state,) = [one for one in report.numbers.states if one.state == "failed"]
    assert state.n_trials == len(failed)
    assert {trial.config["x"] for trial in report.numbers.best} <= succeeded


@pytest.mark.parametrize("fidelity", ["schedule", "continue"])
def test_where_most_fails_nothing_that_failed_goes_on(
    driver: Driver, tmp_path: Path, fidelity: Literal["schedule", "continue"]
) -> None:
    training = FailingTraining("maximize", Counter(), fails_but_for_a_sixth)
    trained = driver.search(training, tmp_path, budget_kwh=BUDGET_KWH, seed=2, fidelity=fidelity)
    assert not promoted_all_the_same(trained)
    assert any(trial.length == LONG and not trial.failed for trial in trained)
    assert {trial.length for trial in trained} == {SHORT, LONG}
    late = trained[len(trained) // 2 :]
    assert sum(trial.failed for trial in late) < 0.5 * len(late)  # by chance it would be 0.84
    best = driver.best_x(tmp_path)
    assert best is not None
    assert abs(best - BEST_X) < 0.1


def test_failures_by_chance_keep_no_place_from_being_tried(driver: Driver, tmp_path: Path) -> None:
    training = FailingTraining("minimize", Counter(), lambda x, n: random.Random(n).random() < 0.3)
    trained = driver.search(training, tmp_path, budget_kwh=BUDGET_KWH, seed=2)
    assert spent_kwh(trained) == pytest.approx(burnt_kwh(training))
    best = driver.best_x(tmp_path)
    assert best is not None
    assert abs(best - BEST_X) < 0.2
    around = [t for t in trained[len(trained) // 2 :] if abs(t.x - BEST_X) < 0.2]
    assert around


def test_a_start_in_which_all_fails_is_one_that_lasts_longer(
    driver: Driver, tmp_path: Path
) -> None:
    training = FailingTraining("minimize", Counter(), lambda x, n: n < 15)
    trained = driver.search(training, tmp_path, budget_kwh=BUDGET_KWH, seed=2)
    assert [trial.failed for trial in trained].count(True) == 15
    assert sum(trial.length == LONG and not trial.failed for trial in trained) > 3
    assert spent_kwh(trained) == pytest.approx(burnt_kwh(training))
    assert BUDGET_KWH - EPOCH_KWH <= spent_kwh(trained) <= BUDGET_KWH + EPOCH_KWH


@pytest.mark.parametrize("how", ["raises", "before"])
def test_a_search_in_which_all_fails_ends_and_is_reported(
    driver: Driver, tmp_path: Path, how: How
) -> None:
    training = FailingTraining("minimize", Counter(), lambda x, n: True, how)
    ends = (
        contextlib.nullcontext()
        if driver.name == "optuna"
        else pytest.raises(
            RuntimeError, match=f"all {MOST} .*have failed.*(no such data set|diverged)"
        )
    )
    with ends:
        driver.search(training, tmp_path, budget_kwh=BUDGET_KWH, seed=2)
    trained = driver.trained(tmp_path)
    assert len(trained) == len(training.failed) == MOST
    assert all(trial.failed for trial in trained)
    if driver.name != "hpbandster":  # some of whose brackets begin with the longest
        assert {trial.length for trial in trained} == {SHORT}
    assert spent_kwh(trained) == pytest.approx(burnt_kwh(training))
    assert driver.best_x(tmp_path) is None
    run = read_run(driver.run_folder(tmp_path))
    assert run.spent_kwh == pytest.approx(spent_kwh(trained))
    report = Report.of(run)
    assert report.numbers.best == ()
    assert "No trial is complete, feasible and finite." in report.statement
    assert report.html
