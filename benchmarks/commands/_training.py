"""What a user's own training pays for being measured: the same study, plain and energy-aware."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ConfigSpace import ConfigurationSpace

LIMIT = 0.03
"""What tracker, meter and budget may add to a training, as a part of its CPU time."""


def measure_training(
    *, repeats: int, sqlite: bool, n_reports: int = 20, training_s: float = 1.0
) -> dict[str, Any]:
    """CPU time that Optuna alone adds to a training, and Optuna with an energy budget.

    Both run in turn in one process, each with its own study; the training does nothing but count.

    Args:
        repeats: Trainings of each kind, after one that is not counted.
        sqlite: Whether the studies are in a database, or in memory.
        n_reports: Reports of a training.
        training_s: CPU time of a training, s.
    """
    import optuna

    from eahas_plugins.optuna import EnergyBudget, EnergyObjective

    worked_s = 0.0

    def work() -> None:
        nonlocal worked_s
        start_s = time.thread_time()
        while time.thread_time() - start_s < training_s / n_reports:
            sum(range(2_000))
        worked_s += time.thread_time() - start_s

    def plain(trial: optuna.Trial) -> float:
        trial.suggest_float("x", 0.0, 1.0)
        for step in range(1, n_reports + 1):
            work()
            trial.report(0.5, step)
            if step < n_reports and trial.should_prune():
                break
        return 0.5

    def train(config: dict[str, Any], training: Any) -> None:
        for _ in range(n_reports):
            work()
            if training.report(0.5):
                return

    space = ConfigurationSpace({"x": (0.0, 1.0), "epochs": n_reports})
    aware = EnergyObjective(train, space, fidelity_param="epochs")
    budget = EnergyBudget(1.0)
    added: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        studies: dict[str, tuple[optuna.Study, Callable[[Any], Any], list[Any]]] = {}
        for name, objective, callbacks in (
            ("plain", plain, []),
            ("energy-aware", budget.guard(aware), [budget]),
        ):
            storage = f"sqlite:///{Path(folder) / name}.db" if sqlite else None
            study = optuna.create_study(
                direction="maximize",
                storage=storage,
                sampler=optuna.samplers.RandomSampler(seed=0),
                pruner=optuna.pruners.NopPruner(),
            )
            studies[name] = study, objective, callbacks
        for repeat in range(repeats + 1):
            for name, (study, objective, callbacks) in studies.items():
                worked_s, start_s = 0.0, time.process_time()
                study.optimize(objective, n_trials=1, callbacks=callbacks)
                if repeat:
                    added[name] = added.get(name, 0.0) + time.process_time() - start_s - worked_s
    seconds = repeats * training_s
    return {
        "storage": "SQLite" if sqlite else "memory",
        "n_reports": n_reports,
        "training_s": training_s,
        "optuna_part": added["plain"] / seconds,
        "energy_part": (added["energy-aware"] - added["plain"]) / seconds,
    }
