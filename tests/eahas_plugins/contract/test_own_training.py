"""One training function under every host: budget, failures, both directions, any metric."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.eahas_plugins.contract.own_training import (
    BEST_X,
    EPOCH_KWH,
    FAILS_ABOVE,
    FAILS_AT,
    LONG,
    SHORT,
    Direction,
    OwnTraining,
)
from tests.eahas_plugins.contract.problem import Driver
from tests.eahas_plugins.contract.test_contract import pytestmark as pytestmark
from tests.eahas_plugins.meters import Counter

BUDGET_KWH = 0.3


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_one_training_in_every_host(driver: Driver, tmp_path: Path, direction: Direction) -> None:
    meter = Counter()
    trained = driver.search(OwnTraining(direction, meter), tmp_path, budget_kwh=BUDGET_KWH, seed=2)
    spent_kwh = sum(trial.energy_kwh for trial in trained)
    assert spent_kwh == pytest.approx(meter.energy_kwh - Counter.energy_kwh)  # nothing is lost
    assert BUDGET_KWH - EPOCH_KWH <= spent_kwh <= BUDGET_KWH + FAILS_AT * EPOCH_KWH

    assert {trial.length for trial in trained} == {SHORT, LONG}
    failed = [trial for trial in trained if trial.failed]
    assert failed
    assert all(trial.x > FAILS_ABOVE for trial in failed)
    assert [trial.energy_kwh for trial in failed] == pytest.approx(
        [FAILS_AT * EPOCH_KWH] * len(failed)
    )

    whole = [trial for trial in trained if trial.energy_kwh == pytest.approx(LONG * EPOCH_KWH)]
    choose = max if direction == "maximize" else min
    best = choose(whole, key=lambda trial: trial.score or 0.0)
    assert abs(best.x - BEST_X) < 0.1
    sign = -1.0 if direction == "maximize" else 1.0  # what was told, not the host's cost
    assert best.score == pytest.approx(sign * (50.0 * abs(best.x - BEST_X) + 40.0 / LONG))
    assert best.size == pytest.approx(10.0 * best.x)  # a number that is only recorded


def test_a_search_goes_on_with_a_larger_budget(driver: Driver, tmp_path: Path) -> None:
    meter = Counter()
    training = OwnTraining("minimize", meter)
    first = driver.search(training, tmp_path, budget_kwh=0.1, seed=4)
    more = driver.search(training, tmp_path, budget_kwh=0.2, seed=4)
    assert more[: len(first)] == first
    spent_kwh = sum(trial.energy_kwh for trial in more)
    assert spent_kwh == pytest.approx(meter.energy_kwh - Counter.energy_kwh)
    assert 0.2 - EPOCH_KWH <= spent_kwh <= 0.2 + FAILS_AT * EPOCH_KWH
