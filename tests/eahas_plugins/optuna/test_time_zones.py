"""Workers of one study in several time zones, or a laptop that travels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest

from eahas_plugins.optuna import EnergyBudget
from eahas_plugins.optuna.earlier import key_of

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has no tzset")
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles", "UTC")


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    with monkeypatch.context() as patch:
        yield patch
    time.tzset()


def move(patch: pytest.MonkeyPatch, name: str) -> None:
    patch.setenv("TZ", name)
    time.tzset()


def objective(trial: optuna.Trial) -> float:
    trial.set_user_attr("energy_kwh", 0.125)
    return 1.0


@pytest.mark.parametrize("guarded", [True, False])
def test_no_energy_is_lost_on_the_way(
    zone: pytest.MonkeyPatch, tmp_path: Path, guarded: bool
) -> None:
    for stop, name in enumerate(ZONES, start=1):
        move(zone, name)
        study = optuna.create_study(
            storage=f"sqlite:///{tmp_path}/study.db", study_name="s", load_if_exists=True
        )
        budget = EnergyBudget(9.0)
        study.optimize(
            budget.guard(objective) if guarded else objective, n_trials=2, callbacks=[budget]
        )
        assert budget.spent_kwh(study) == 0.25 * stop


def test_a_study_is_the_same_everywhere(zone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    storage, keys = f"sqlite:///{tmp_path}/study.db", set()
    optuna.create_study(storage=storage, study_name="s").optimize(objective, n_trials=1)
    for name in ZONES:
        move(zone, name)
        keys.add(key_of(optuna.load_study(storage=storage, study_name="s")))
    assert len(keys) == 1
