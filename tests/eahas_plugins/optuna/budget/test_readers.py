"""The narrow queries of a database see what Optuna's public way sees."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from eahas_plugins.optuna._origin import sign
from eahas_plugins.optuna.budget import readers as budget_reader
from eahas_plugins.optuna.budget.readers import (
    DatabaseReader,
    MemoryReader,
    TrialReader,
    reader_of,
)
from eahas_plugins.optuna.budget.study_ledger import StudyLedger


@pytest.fixture(params=["sqlite", "postgresql"])
def study(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[optuna.Study]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/study.db"
    else:
        address = request.getfixturevalue("postgresql")
    storage = optuna.storages.RDBStorage(address)
    other = optuna.create_study(storage=storage)  # whose trials must not be seen
    other.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": 100.0}))
    yield optuna.create_study(storage=storage)
    storage.remove_session()
    storage.engine.dispose()


def change(study: optuna.Study, open_trials: list[optuna.Trial], chance: random.Random) -> None:
    """One random event in the life of a study."""
    event = chance.randrange(4)
    if event == 0 or not open_trials:
        open_trials.append(study.ask())
    elif event == 1:
        study.enqueue_trial({})
    elif event == 2:
        trial = chance.choice(open_trials)
        trial.set_user_attr("energy_kwh", trial.user_attrs.get("energy_kwh", 0.0) + 1.5)
        trial.set_user_attr("note", "of no interest")
        trial.set_user_attr("energy_step_kwh", chance.random())
        trial.set_user_attr("energy_reserved_kwh", chance.random() * 10.0)
        name = chance.choice([study.study_name, "another study"])
        trial.set_user_attr("energy_account", [name, trial.number, "open", 0])
    else:
        trial = open_trials.pop(chance.randrange(len(open_trials)))
        state = chance.choice([TrialState.FAIL, TrialState.PRUNED, TrialState.COMPLETE])
        study.tell(trial, 0.0 if state is TrialState.COMPLETE else None, state=state)


def compare_with_the_public_way(study: optuna.Study) -> None:
    """Two ledgers of one study, through its random life."""
    by_queries, by_trials = (
        StudyLedger(lease_s=60.0, count_added=True),
        StudyLedger(lease_s=60.0, count_added=True),
    )
    by_trials._reader = TrialReader()
    sign(study)
    chance, open_trials = random.Random(0), list[optuna.Trial]()
    for _ in range(40):
        change(study, open_trials, chance)
        if chance.random() < 0.5:
            one = by_queries.balance(study, cap_kwh=50.0, now_s=1000.0)
            assert one == by_trials.balance(study, cap_kwh=50.0, now_s=1000.0)
            late = StudyLedger(lease_s=60.0, count_added=True).balance(
                study, cap_kwh=50.0, now_s=1000.0
            )
            assert late.spent_kwh == pytest.approx(one.spent_kwh)
            assert late.running == one.running
    assert by_queries.median_kwh() == by_trials.median_kwh()


def test_same_balance_by_both_ways(study: optuna.Study) -> None:
    assert isinstance(reader_of(study), DatabaseReader)
    compare_with_the_public_way(study)


def test_same_balance_in_memory() -> None:
    storage = optuna.storages.InMemoryStorage()
    other = optuna.create_study(storage=storage)  # whose trials must not be seen
    study = optuna.create_study(storage=storage)
    for kwh in (100.0, 200.0):
        other.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": kwh}))
        study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": kwh / 100.0}))
    assert isinstance(reader_of(study), MemoryReader)
    compare_with_the_public_way(study)


def test_more_trials_than_one_query_may_name(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_reader, "_BATCH", 3)
    for energy_kwh in range(10):
        study.add_trial(optuna.create_trial(value=0.0, user_attrs={"energy_kwh": energy_kwh}))
    for _ in range(7):
        study.ask()
    ledger = StudyLedger(lease_s=60.0, count_added=True)
    for _ in range(2):
        balance = ledger.balance(study, cap_kwh=50.0, now_s=0.0)
        assert balance.spent_kwh == 45.0
        assert len(balance.running) == 7


def test_unknown_tables_fall_back_on_the_public_way(
    study: optuna.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optuna.storages._rdb import models

    monkeypatch.delattr(models, "TrialUserAttributeModel")
    assert isinstance(reader_of(study), TrialReader)


def test_other_storages_are_read_the_public_way() -> None:
    storage = optuna.storages.RDBStorage("sqlite:///:memory:")
    assert isinstance(reader_of(optuna.create_study(storage=storage)), TrialReader)
    storage.remove_session()
    storage.engine.dispose()
