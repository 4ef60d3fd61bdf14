"""Studies of trainings that pause and go on, for tests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
from ConfigSpace import ConfigurationSpace
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from eahas_plugins.optuna import EnergyObjective
from eahas_plugins.optuna.checkpoint_folder import store_of
from eahas_plugins.targets import EnergyTraining
from tests.eahas_plugins.meters import Counter

SHORT, LONG = 2, 8


def journal(folder: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(folder / "study.log")))


def new_study(storage: Any = None, **how: Any) -> optuna.Study:
    return optuna.create_study(storage=storage, sampler=RandomSampler(seed=0), **how)


class Training:
    """1 kWh an epoch, saved after each; a loss that falls."""

    def __init__(self, meter: Counter, *, fails_at: int | None = None) -> None:
        self.meter, self.fails_at = meter, fails_at

    def __call__(self, config: dict[str, Any], training: EnergyTraining) -> None:
        for epoch in range(training.epochs + 1, config["epochs"] + 1):
            self.meter.energy_kwh += 1.0
            if epoch == self.fails_at:
                raise RuntimeError("diverged")
            (training.checkpoint / "epoch").write_text(str(epoch))
            if training.report(loss=config["x"] + 1.0 / epoch):
                return


def objective(meter: Counter, train: Any = None, **how: Any) -> EnergyObjective:
    return EnergyObjective(
        train or Training(meter),
        ConfigurationSpace({"x": (0.0, 1.0)}),
        **{
            "metric": "loss",
            "direction": "minimize",
            "fidelity": "continue",
            "fidelity_param": "epochs",
            "schedules": [SHORT, LONG],
            "meter": meter,
            **how,
        },
    )


def enqueue(study: optuna.Study, *lengths: int, x: float = 0.5) -> None:
    for length in lengths:
        study.enqueue_trial({"x": x, "epochs": length})


def n_kept(study: optuna.Study) -> int:
    trial: Any = SimpleNamespace(study=study)
    store = store_of(trial, None)
    return sum(bool(store.progress(path.name).folder) for path in store.root.glob("*/"))
