"""Two workers that ask one study at the same moment; run by threads and by processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.storages import InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

from eahas_plugins.optuna.samplers import ScheduleGPSampler, SchedulePromotionSampler
from tests.eahas_plugins.optuna.samplers.tasks import SCHEDULES

WIDTHS = (8, 16, 32, 64)
N_TOLD = 4  # trials before the two ask


class Interrupted:
    """A storage that calls somebody before and after a promotion is announced, each once."""

    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        if key != "promoted_from":
            super().set_trial_user_attr(trial_id, key, value)  # type: ignore[misc]
            return
        call, self.before = self.before, None
        if call is not None:
            call()
        super().set_trial_user_attr(trial_id, key, value)  # type: ignore[misc]
        call, self.after = self.after, None
        if call is not None:
            call()


class Memory(Interrupted, InMemoryStorage):
    pass


class Sqlite(Interrupted, RDBStorage):
    pass


class Journal(Interrupted, JournalStorage):
    pass


def train(trial: optuna.Trial) -> float:
    """A training that tells its energy once."""
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 0.0, 1.0)
    epochs = trial.suggest_categorical("max_epoch", SCHEDULES)
    trial.set_user_attr("energy_kwh", 1e-3 * epochs)
    return 0.9 - (x - 0.3) ** 2 - (y - 0.7) ** 2 - 0.1 / epochs


def storage_at(kind: str, folder: Path) -> Any:
    """One worker's own storage object of the shared study."""
    if kind == "sqlite":
        return Sqlite(f"sqlite:///{folder}/study.db")
    return Journal(JournalFileBackend(str(folder / "study.log")))


def sampler_of(kind: str, seed: int) -> BaseSampler:
    if kind == "promotion":
        wrapped = RandomSampler(seed=seed)
        options: dict[str, Any] = {"promotion_share": 0.9, "top": 1, "n_startup_trials": 2}
        return SchedulePromotionSampler(wrapped, fidelity_param="max_epoch", seed=seed, **options)
    n_startup_trials = 10 if kind == "start" else N_TOLD
    seed = 0 if kind == "front" else seed  # both see the same, and shall find the same
    return ScheduleGPSampler(seed=seed, n_startup_trials=n_startup_trials, n_candidates=30)


def begin(kind: str, storage: Any) -> None:
    """A study of a few short trainings, the best of which should be trained longer."""
    directions = ["maximize", "minimize"] if kind == "front" else ["maximize"]
    study = optuna.create_study(storage=storage, study_name="s", directions=directions)
    if kind == "front":
        choices = {"width": WIDTHS, "max_epoch": SCHEDULES}
        for width in WIDTHS:
            trial = create_trial(
                params={"width": width, "max_epoch": SCHEDULES[0]},
                distributions={n: CategoricalDistribution(c) for n, c in choices.items()},
                values=[0.5 + width / 1000.0, float(width)],
                user_attrs={"energy_kwh": 1e-3 * width},
            )
            study.add_trial(trial)
        return
    study.sampler = ScheduleGPSampler(seed=0, promotion_share=0.0)
    study.optimize(train, n_trials=N_TOLD)


def worker(kind: str, storage: Any, *, seed: int) -> optuna.Study:
    return optuna.load_study(storage=storage, study_name="s", sampler=sampler_of(kind, seed))


def ask(kind: str, study: optuna.Study) -> optuna.Trial:
    """A trial that has been told all its parameters and runs."""
    trial = study.ask()
    if kind == "front":
        trial.suggest_categorical("max_epoch", SCHEDULES)
        trial.suggest_categorical("width", WIDTHS)
    else:
        train(trial)
    return trial


def ask_together(kind: str, storage_kind: str, folder: Path, seed: int, barrier: Any) -> None:
    """Ask when the other one does: nobody announces before both have decided."""
    storage = storage_at(storage_kind, folder)
    storage.before = storage.after = barrier.wait
    ask(kind, worker(kind, storage, seed=seed))


def trained_longer(trials: list[optuna.trial.FrozenTrial]) -> list[tuple[Any, ...]]:
    """Configuration and schedule of all trials with more than the shortest schedule."""
    return [
        tuple(sorted(t.params.items()))
        for t in trials
        if t.params["max_epoch"] != SCHEDULES[0] and t.state is TrialState.RUNNING
    ]
