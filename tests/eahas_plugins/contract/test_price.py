"""A price of energy ends a search in every host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.eahas_plugins.contract.own_training import (
    EPOCH_KWH,
    LONG,
    Direction,
    OwnTraining,
    PausingTraining,
    Trained,
)
from tests.eahas_plugins.contract.problem import Driver
from tests.eahas_plugins.contract.test_contract import pytestmark as pytestmark
from tests.eahas_plugins.meters import Counter

BUDGET_KWH = 0.6
CHEAP, DEAR = 1e-9, 1e9
"""What a kWh must bring, in units of a score that is about 25 at random and 2 at best."""


def spent_kwh(trained: list[Trained]) -> float:
    return sum(trial.energy_kwh for trial in trained)


def n_complete(trained: list[Trained]) -> int:
    return sum(not trial.failed for trial in trained)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_a_high_price_ends_a_search_and_a_low_one_does_not(
    driver: Driver, tmp_path: Path, direction: Direction
) -> None:
    found = {}
    for price in (CHEAP, DEAR):
        training, folder = OwnTraining(direction, Counter()), tmp_path / str(price)
        folder.mkdir()
        found[price] = driver.search(
            training, folder, budget_kwh=BUDGET_KWH, seed=2, price_kwh=price
        )
    assert spent_kwh(found[CHEAP]) >= BUDGET_KWH - EPOCH_KWH
    # ten, and what a kWh brings is asked after three trials, failed ones too
    assert 10 <= n_complete(found[DEAR]) <= 12
    n = len(found[DEAR])
    assert found[CHEAP][:n] == found[DEAR]  # it chooses nothing


def test_a_search_that_goes_on_has_ended_or_goes_on_for_less(
    driver: Driver, tmp_path: Path
) -> None:
    how = {"budget_kwh": BUDGET_KWH, "seed": 4}
    training = OwnTraining("minimize", Counter())
    first = driver.search(training, tmp_path, price_kwh=DEAR, **how)  # type: ignore[arg-type]
    again = driver.search(training, tmp_path, price_kwh=DEAR, **how)  # type: ignore[arg-type]
    assert again[: len(first)] == first
    assert len(again) - len(first) <= (driver.name == "optuna")  # which asks after trials alone
    more = driver.search(training, tmp_path, price_kwh=CHEAP, **how)  # type: ignore[arg-type]
    assert more[: len(again)] == again
    assert spent_kwh(more) >= BUDGET_KWH - EPOCH_KWH


def test_several_workers_end_together(driver: Driver, tmp_path: Path) -> None:
    training = PausingTraining("minimize", Counter())
    trained = driver.search(
        training,
        tmp_path,
        budget_kwh=BUDGET_KWH,
        seed=1,
        fidelity="continue",
        n_workers=2,
        price_kwh=DEAR,
    )
    assert 12 <= n_complete(trained) <= 12 + 2
    assert spent_kwh(trained) < BUDGET_KWH - LONG * EPOCH_KWH


def test_a_price_is_positive(driver: Driver, tmp_path: Path) -> None:
    for price in (0.0, float("nan")):
        folder = tmp_path / str(price)
        folder.mkdir()
        with pytest.raises(ValueError, match="price_kwh must be positive and finite but got"):
            driver.search(
                OwnTraining("minimize", Counter()),
                folder,
                budget_kwh=BUDGET_KWH,
                seed=1,
                price_kwh=price,
            )
