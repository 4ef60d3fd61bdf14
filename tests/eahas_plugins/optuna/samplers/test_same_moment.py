"""Workers that ask at the same moment do not train the same configuration longer twice."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import optuna
import pytest

from tests.eahas_plugins.optuna.samplers import asking
from tests.eahas_plugins.optuna.samplers.tasks import SCHEDULES

KINDS = ["start", "gain", "front", "promotion"]


def claims(trials: list[optuna.trial.FrozenTrial]) -> list[int]:
    said = [t.user_attrs.get("promoted_from") for t in trials]
    return [number for number in said if number is not None]


@pytest.mark.parametrize("storage_kind", ["sqlite", "journal"])
@pytest.mark.parametrize("kind", KINDS)
def test_who_announces_later_gives_way(kind: str, storage_kind: str, tmp_path: Path) -> None:
    storages = [asking.storage_at(storage_kind, tmp_path) for _ in range(2)]
    asking.begin(kind, storages[0])
    first, second = (asking.worker(kind, s, seed=i) for i, s in enumerate(storages))
    others: list[optuna.Trial] = []
    storages[0].before = lambda: others.append(asking.ask(kind, second))
    mine = asking.ask(kind, first)
    [other] = others
    assert mine.number < other.number  # the smaller number does not help
    trials = first.get_trials()
    said = trials[other.number].user_attrs["promoted_from"]
    assert trials[other.number].params == {
        **trials[said].params,
        "max_epoch": trials[other.number].params["max_epoch"],
    }
    assert trials[mine.number].user_attrs["promoted_from"] != said
    longer = asking.trained_longer(trials)
    assert len(set(longer)) == len(longer) >= 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", ["threads", "processes"])
def test_of_two_at_once_none_is_trained_twice(kind: str, by: str, tmp_path: Path) -> None:
    asking.begin(kind, asking.storage_at("sqlite", tmp_path))
    context = multiprocessing.get_context("spawn")
    start = threading.Thread if by == "threads" else context.Process
    barrier = (threading if by == "threads" else context).Barrier(2, timeout=300.0)
    both = [
        start(target=asking.ask_together, args=(kind, "sqlite", tmp_path, seed, barrier))
        for seed in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert not barrier.broken
    study = optuna.load_study(storage=asking.storage_at("sqlite", tmp_path), study_name="s")
    trials = study.get_trials()[asking.N_TOLD :]
    assert len(trials) == 2
    assert {len(t.params) for t in trials} == {len(study.get_trials()[0].params)}
    longer, said = asking.trained_longer(trials), claims(trials)
    assert len(set(longer)) == len(longer)
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("n_told", [0, 1])
def test_what_another_worker_has_announced_is_taken_before_it_tells_all(
    n_told: int, tmp_path: Path
) -> None:
    asking.begin("start", asking.storage_at("sqlite", tmp_path))
    first, second = (
        asking.worker("start", asking.storage_at("sqlite", tmp_path), seed=i) for i in range(2)
    )
    other = second.ask()
    x = other.suggest_float("x", 0.0, 1.0)
    if n_told:
        assert other.suggest_categorical("max_epoch", SCHEDULES) == SCHEDULES[-1]
    mine = asking.ask("start", first)
    assert mine.params["max_epoch"] == SCHEDULES[0]
    assert mine.params["x"] != x


def test_threads_of_one_sampler_ask_one_after_the_other() -> None:
    storage = asking.Memory()
    asking.begin("start", storage)
    study = asking.worker("start", storage, seed=0)
    other = threading.Thread(target=asking.ask, args=("start", study))
    storage.before = other.start
    asking.ask("start", study)
    other.join()
    longer = asking.trained_longer(study.get_trials())
    assert len(longer) == 1
    assert len(claims(study.get_trials())) == 1


def test_each_promotion_is_announced_once_and_nothing_else_is() -> None:
    class Counting(asking.Memory):
        n_announced = 0

        def set_trial_user_attr(self, trial_id, key, value):  # type: ignore[no-untyped-def]
            self.n_announced += key != "energy_kwh"
            super().set_trial_user_attr(trial_id, key, value)

    storage = Counting()
    asking.begin("start", storage)
    study = asking.worker("start", storage, seed=0)
    study.optimize(asking.train, n_trials=12)
    promoted = [t for t in study.trials if t.params["max_epoch"] != SCHEDULES[0]]
    assert storage.n_announced == len(promoted) >= 2


def test_who_always_meets_others_trains_something_new_in_the_end() -> None:
    """As often as it announces one, another worker has just announced the same."""

    class Busy(asking.Memory):
        busy = False

        def set_trial_user_attr(self, trial_id, key, value):  # type: ignore[no-untyped-def]
            if self.busy and key == "promoted_from" and value is not None:
                rival = self.create_new_trial(self.get_study_id_from_name("s"))
                super().set_trial_user_attr(rival, key, value)
            super().set_trial_user_attr(trial_id, key, value)

    storage = Busy()
    asking.begin("gain", storage)
    study = asking.worker("gain", storage, seed=0)
    storage.busy = True
    trial = asking.ask("gain", study)
    tried = [t.params["x"] for t in study.trials[: asking.N_TOLD]]
    assert trial.params["x"] not in tried
    assert study.trials[trial.number].user_attrs["promoted_from"] is None
    assert len(study.trials) > asking.N_TOLD + 1
