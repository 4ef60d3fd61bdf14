"""How often a metered trial writes to a database, where each write takes milliseconds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from ConfigSpace import ConfigurationSpace
from optuna.storages import RDBStorage

from eahas_plugins.energy import FakeMeter
from eahas_plugins.optuna import EnergyBudget, EnergyObjective
from eahas_plugins.optuna import _write_pace as pace
from eahas_plugins.optuna.budget import readers

N_REPORTS = 10
SPACE = ConfigurationSpace({"x": (0.0, 1.0), "epochs": N_REPORTS})


class CountingStorage(RDBStorage):
    """Notes the attributes that are written."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written: list[str] = []

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self.written.append(key)
        super().set_trial_user_attr(trial_id, key, value)

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self.written.append(f"study's {key}")
        super().set_study_user_attr(study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self.written.append(f"study's {key}")
        super().set_study_system_attr(study_id, key, value)


@pytest.fixture(autouse=True)
def _no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_CHEAP_S", 0.0)
    monkeypatch.setattr(pace, "_SHARE", 1e-9)
    monkeypatch.setattr(pace, "_LONGEST_S", 1e9)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[CountingStorage]:
    storage = CountingStorage(f"sqlite:///{tmp_path}/study.db")
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def run(storage: RDBStorage, cap_kwh: float, *, n_trials: int) -> optuna.Study:
    meter = FakeMeter()

    def train(config: dict[str, Any], training: Any) -> None:
        for _ in range(N_REPORTS):
            meter.advance(kwh=0.1, parts={"cpu": 0.1})
            if training.report(0.5):
                return

    study = optuna.create_study(
        study_name="counted",
        storage=storage,
        direction="maximize",
        pruner=optuna.pruners.NopPruner(),
        load_if_exists=True,
    )
    budget = EnergyBudget(cap_kwh)
    objective = EnergyObjective(train, SPACE, fidelity_param="epochs", meter=meter)
    study.optimize(budget.guard(objective), n_trials=n_trials, callbacks=[budget])
    return study


def test_a_training_of_ten_reports_writes_nine_attributes(storage: CountingStorage) -> None:
    per_trial: list[list[str]] = []
    run(storage, 1e4, n_trials=2)  # the first one signs the study, the second knows a median
    storage.written.clear()
    run(storage, 1e4, n_trials=4)
    for key in storage.written[3:]:  # what the display of a new process shows first
        if key == "energy_account":
            per_trial.append([])
        if per_trial:
            per_trial[-1].append(key)
    expected = [
        "energy_account",
        "energy_reserved_kwh",
        "energy_meter",
        "energy_kwh",  # after the first step
        "accuracy",
        "epochs",
        "energy_kwh",  # at the end
        "runtime_s",
        "energy_parts_kwh",
    ]
    assert len(per_trial) >= 3
    assert per_trial[-3:] == [expected] * 3


def test_a_training_far_from_the_end_of_the_budget_reads_it_twice(
    storage: CountingStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[None] = []
    read = readers.DatabaseReader.read

    def counted(self: Any, study: Any, unfinished: Any) -> Any:
        reads.append(None)
        return read(self, study, unfinished)

    monkeypatch.setattr(readers.DatabaseReader, "read", counted)
    run(storage, 1e4, n_trials=2)
    before = len(reads)
    run(storage, 1e4, n_trials=5)
    assert len(reads) - before == 2 * 5  # when it starts, and after its first step


def test_what_people_see_is_a_hundredth_of_the_cap_old_at_most(storage: CountingStorage) -> None:
    study = run(storage, 250.0, n_trials=4)
    shown = study.user_attrs
    assert 0.0 <= 4.0 - shown["energy_spent_kwh"] < 2.5
    assert shown["energy_reserved_kwh"] == 0.0
    assert sum(key == "study's energy_spent_kwh" for key in storage.written) == 2


def test_the_end_of_a_study_is_shown_exactly(storage: CountingStorage) -> None:
    study = run(storage, 4.05, n_trials=1000)
    spent_kwh = sum(trial.user_attrs["energy_kwh"] for trial in study.trials)
    assert study.user_attrs["energy_spent_kwh"] == pytest.approx(spent_kwh)
    assert study.user_attrs["energy"] == "4.1 of 4.05 kWh spent"


def test_a_trial_that_did_not_begin_has_used_nothing_and_one_that_never_said_is_unknown() -> None:
    study, budget = optuna.create_study(), EnergyBudget(1.0)

    def silent(trial: optuna.Trial) -> float:
        raise optuna.TrialPruned

    study.optimize(budget.guard(silent), n_trials=1)
    study.enqueue_trial({})

    def dear(trial: optuna.Trial) -> float:
        trial.set_user_attr("energy_kwh", 1.0)
        return 0.0

    study.optimize(budget.guard(dear), n_trials=2)
    study.optimize(budget.guard(dear), n_trials=1)
    assert "energy_kwh" not in study.trials[0].user_attrs
    assert study.trials[-1].user_attrs["energy_kwh"] == 0.0
    assert study.trials[-1].user_attrs["energy_stopped"]["by"] == "budget"
