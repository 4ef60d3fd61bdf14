"""A worker process of the budget tests: it burns energy, notes it on the side, and reports it."""

from __future__ import annotations

import contextlib
import os
from multiprocessing.synchronize import Barrier
from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileSymlinkLock

from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.study import energy_study

N_STEPS = 5
STEP_KWH = 1.0
"""Mean energy of a step; a trial's own steps need between half and one and a half of it."""
LEASE_S = 12.0
"""Longer than the grace of the journal's lock, for which a killed worker holds up the others."""


def requeue(study: optuna.Study, number: int) -> None:
    """Fail a dead worker's trial and queue it again, as Optuna's heartbeat does."""
    storages = optuna.storages
    if hasattr(storages, "RetryHeartbeatStaleTrialCallback"):
        retry = storages.RetryHeartbeatStaleTrialCallback()
    else:  # its name before Optuna 4.9
        retry = storages.RetryFailedTrialCallback()
    study.tell(number, state=optuna.trial.TrialState.FAIL)
    retry(study, study.trials[number])


class TakenOverLock(JournalFileSymlinkLock):
    """Optuna's lock, whose owner does not mind that it was taken away.

    When a dead worker's lock is waited out, two may see so at once: the slower one then removes the
    lock that the faster one has just got, which Optuna's fails for when it is given back (5.0.0).
    """

    def release(self) -> None:
        with contextlib.suppress(RuntimeError):
            super().release()


def open_storage(spec: str) -> optuna.storages.BaseStorage:
    """A storage from ``journal:PATH`` or a database address."""
    if spec.startswith("journal:"):
        path = spec.removeprefix("journal:")
        # A killed worker may leave its lock behind, which the others then wait out.
        lock = TakenOverLock(path, grace_period=10)
        backend = optuna.storages.journal.JournalFileBackend(path, lock_obj=lock)
        return optuna.storages.JournalStorage(backend)
    patience = {"connect_args": {"timeout": 120}} if spec.startswith("sqlite") else {}
    return optuna.storages.RDBStorage(spec, engine_kwargs=patience)


def note(path: Path, number: int, energy_kwh: float) -> None:
    """Append what a trial has really burnt, in one write that a kill cannot split."""
    line = f"{number} {energy_kwh!r}\n".encode()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "wb", 0) as file:
        file.write(line)


def work(spec: str, cap_kwh: float, log: Path, seed: int, *, foresight: bool) -> None:
    """Work on the study until the budget stops it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(
        study_name="shared",
        storage=open_storage(spec),
        sampler=optuna.samplers.RandomSampler(seed=seed),
        pruner=optuna.pruners.NopPruner(),
    )

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0.0, 1.0)
        step_kwh = (0.5 + x) * STEP_KWH
        if foresight:
            trial.set_user_attr("energy_reserved_kwh", N_STEPS * step_kwh)
            trial.set_user_attr("energy_step_kwh", step_kwh)
        for step in range(1, N_STEPS + 1):
            note(log, trial.number, step * step_kwh)
            trial.set_user_attr("energy_kwh", step * step_kwh)
            trial.report(x, step)
            if step < N_STEPS and trial.should_prune():
                raise optuna.TrialPruned
        return x

    budget = EnergyBudget(cap_kwh, lease_s=LEASE_S)
    study.optimize(budget.guard(objective), callbacks=[budget])


def open_together(url: str, together: Barrier) -> None:
    """Open a study, at the same moment as the others, in a database that has no tables yet."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    together.wait(timeout=60)
    energy_study(1.0, direction="maximize", storage=url, study_name="new", metric="a", meter=None)
