"""One training that pauses and goes on, under every host: only the difference is paid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.targets.checkpoints import CheckpointStore
from tests.eahas_plugins.contract.own_training import (
    EPOCH_KWH,
    LONG,
    SHORT,
    Direction,
    PausingTraining,
    Trained,
    score_in_one_go,
)
from tests.eahas_plugins.contract.problem import Driver
from tests.eahas_plugins.contract.test_contract import pytestmark as pytestmark
from tests.eahas_plugins.meters import Counter

BUDGET_KWH = 0.15


def run(
    driver: Driver,
    training: PausingTraining,
    folder: Path,
    budget_kwh: float = BUDGET_KWH,
    **how: Any,
) -> list[Trained]:
    folder.mkdir(exist_ok=True)
    return driver.search(
        training, folder, budget_kwh=budget_kwh, seed=2, fidelity="continue", **how
    )


def paid_before(trial: Trained) -> float:
    """What had been paid of a trial's training when it began, kWh."""
    return (trial.training_kwh or 0.0) - trial.energy_kwh


def went_on(trials: list[Trained]) -> list[Trained]:
    return [trial for trial in trials if paid_before(trial) > 1e-9]


def complete(trials: list[Trained]) -> list[Trained]:
    """Trials that the budget has not cut short."""
    return [t for t in trials if t.training_kwh == pytest.approx(t.length * EPOCH_KWH)]


def left(driver: Driver, folder: Path) -> list[str]:
    """Configurations that a checkpoint is kept of."""
    root = driver.checkpoints(folder)
    store = CheckpointStore(root)
    assert not list(root.glob("*/trial-*"))
    return [path.name for path in root.glob("*/") if store.progress(path.name).folder]


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_a_promoted_training_goes_on_and_pays_the_difference(
    driver: Driver, tmp_path: Path, direction: Direction
) -> None:
    meter = Counter()
    trained = run(driver, PausingTraining(direction, meter), tmp_path)
    spent_kwh = sum(trial.energy_kwh for trial in trained)
    assert spent_kwh == pytest.approx(meter.energy_kwh - Counter.energy_kwh)  # nothing is lost
    assert BUDGET_KWH - EPOCH_KWH <= spent_kwh <= BUDGET_KWH + EPOCH_KWH

    promoted = [trial for trial in complete(trained) if trial in went_on(trained)]
    assert promoted
    for trial in promoted:
        assert trial.length == LONG
        assert trial.energy_kwh == pytest.approx((LONG - SHORT) * EPOCH_KWH)
        assert any(t.x == trial.x and t.length == SHORT for t in trained)
    for trial in complete(trained):
        in_one_go = score_in_one_go(trial.x, int(trial.length), direction)
        assert trial.score == pytest.approx(in_one_go)


def test_what_saves_nothing_is_retrained_and_charged_in_full(
    driver: Driver, tmp_path: Path
) -> None:
    meter = Counter()
    trained = run(driver, PausingTraining("minimize", meter, saves=False), tmp_path)
    assert went_on(trained) == []
    again = [t for t in complete(trained) if t.length == LONG]
    assert any(t.x == other.x for t in again for other in trained if other.length == SHORT)
    assert all(t.energy_kwh == pytest.approx(LONG * EPOCH_KWH) for t in again)
    spent_kwh = sum(trial.energy_kwh for trial in trained)
    assert spent_kwh == pytest.approx(meter.energy_kwh - Counter.energy_kwh)
    assert left(driver, tmp_path) == []


def test_a_crash_while_going_on_is_charged_what_it_burnt(driver: Driver, tmp_path: Path) -> None:
    meter = Counter()
    training = PausingTraining("minimize", meter, fails_at=SHORT + 4)
    trained = run(driver, training, tmp_path)
    failed = [trial for trial in trained if trial.failed]
    assert failed
    assert all(t.energy_kwh == pytest.approx(4 * EPOCH_KWH) for t in failed)
    spent_kwh = sum(trial.energy_kwh for trial in trained)
    assert spent_kwh == pytest.approx(meter.energy_kwh - Counter.energy_kwh)


def test_a_search_that_goes_on_goes_on_with_its_checkpoints(driver: Driver, tmp_path: Path) -> None:
    meter = Counter()
    training = PausingTraining("maximize", meter)
    first = run(driver, training, tmp_path, budget_kwh=3.5 * SHORT * EPOCH_KWH)
    more = run(driver, training, tmp_path)
    assert more[: len(first)] == first
    spent_kwh = sum(trial.energy_kwh for trial in more)
    assert spent_kwh == pytest.approx(meter.energy_kwh - Counter.energy_kwh)
    later = went_on(more[len(first) :])
    assert later
    with_old_ones = any(t.x == old.x for t in later for old in first)
    assert with_old_ones is (driver.name != "hpbandster")  # which begins its brackets anew
    for trial in complete(more):
        in_one_go = score_in_one_go(trial.x, int(trial.length), "maximize")
        assert trial.score == pytest.approx(in_one_go)


def test_runs_of_one_name_and_seed_share_a_folder_but_no_checkpoint(
    driver: Driver, tmp_path: Path
) -> None:
    alone = run(driver, PausingTraining("minimize", Counter()), tmp_path / "alone")
    all_of_them = {"checkpoints": tmp_path / "all"}
    ends_in_a_training = PausingTraining("minimize", Counter())
    kwh = (3 * SHORT + 3) * EPOCH_KWH
    run(driver, ends_in_a_training, tmp_path / "one", budget_kwh=kwh, **all_of_them)
    assert list(all_of_them["checkpoints"].rglob("latest.json"))
    beside = run(driver, PausingTraining("minimize", Counter()), tmp_path / "two", **all_of_them)
    assert beside == alone


def test_a_run_that_was_moved_finds_its_checkpoints_in_the_users_folder(
    driver: Driver, tmp_path: Path
) -> None:
    meter, named = Counter(), {"checkpoints": tmp_path / "all"}
    training = PausingTraining("minimize", meter)
    first = run(driver, training, tmp_path / "here", budget_kwh=3.5 * SHORT * EPOCH_KWH, **named)
    there = (tmp_path / "here").rename(tmp_path / "thére and back")
    more = run(driver, training, there, **named)
    assert more[: len(first)] == first
    assert sum(trial.energy_kwh for trial in more) == pytest.approx(
        meter.energy_kwh - Counter.energy_kwh
    )
    later = went_on(more[len(first) :])
    assert any(t.x == old.x for t in later for old in first)


def test_kill_9_in_the_middle_of_saving_leaves_the_checkpoint_before(
    driver: Driver, tmp_path: Path
) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "tests.eahas_plugins.contract.dying"]
    ended = subprocess.run(
        [*command, driver.name, str(tmp_path), str(BUDGET_KWH)],
        cwd=Path(__file__).parents[3],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert ended.returncode == -9
    trained = run(driver, PausingTraining("minimize", Counter()), tmp_path)
    later = went_on(trained)
    assert later
    for trial in complete(trained):
        in_one_go = score_in_one_go(trial.x, int(trial.length), "minimize")
        assert trial.score == pytest.approx(in_one_go)


def test_checkpoints_go_with_the_chance_of_a_promotion(driver: Driver, tmp_path: Path) -> None:
    trained = run(driver, PausingTraining("minimize", Counter()), tmp_path)
    at_the_top = {t.x for t in complete(trained) if t.length == LONG}
    others = {t.x for t in trained} - at_the_top
    assert len(left(driver, tmp_path)) in driver.n_kept(len(others))


def test_two_workers_at_once(driver: Driver, tmp_path: Path) -> None:
    trained = run(driver, PausingTraining("minimize", Counter()), tmp_path, n_workers=2)
    whole = [t for t in trained if t.score is not None and not t.failed]
    spent_kwh = sum(trial.energy_kwh for trial in trained)
    # a step of each, and what one has used of a step when the other's reading divides the device
    assert BUDGET_KWH - 2 * EPOCH_KWH <= spent_kwh <= BUDGET_KWH + 3 * EPOCH_KWH
    short = {t.x for t in trained if t.length == SHORT}
    promoted = [t for t in trained if t.length == LONG and t.x in short]
    assert promoted
    assert went_on(trained) == promoted
    right = [
        trial
        for trial in whole
        if trial.score == pytest.approx(score_in_one_go(trial.x, int(trial.length), "minimize"))
    ]
    assert len(right) >= len(whole) - 2  # those that the end of the budget has cut short
