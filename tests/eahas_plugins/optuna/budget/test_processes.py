"""Four processes on one study, some of them killed; ``EAHAS_KILL_REPEATS`` sets how often."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from tests.eahas_plugins.optuna.budget import budget_worker
from tests.eahas_plugins.optuna.budget.budget_worker import STEP_KWH

REPEATS = int(os.environ.get("EAHAS_KILL_REPEATS", "2"))
N_WORKERS = 4
CAP_KWH = 40.0 * STEP_KWH
RAISED_KWH = 55.0 * STEP_KWH
DEAREST_STEP_KWH = 1.5 * STEP_KWH
UNKNOWN_END = (TrialState.RUNNING, TrialState.FAIL)


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "tests.eahas_plugins.optuna.budget.budget_worker",
            "sqlalchemy.orm",
            "alembic.command",
            "psycopg",
        ]
    )
    return context


@pytest.fixture(params=["sqlite", "journal", "postgresql"])
def spec(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/study.db"
    elif request.param == "journal":
        yield f"journal:{tmp_path}/study.log"
    else:
        yield request.getfixturevalue("postgresql")


def burnt(log: Path) -> dict[int, float]:
    """Energy that each trial has really burnt, kWh, from the notes of the workers."""
    energies: dict[int, float] = {}
    for line in log.read_text().splitlines() if log.exists() else []:
        number, energy_kwh = line.split()
        energies[int(number)] = max(energies.get(int(number), 0.0), float(energy_kwh))
    return energies


def kill_some(workers: list[BaseProcess], log: Path, chance: random.Random) -> int:
    """Kill two workers, each after a random number of steps of them all; return how many died."""
    killed = 0
    for victim in chance.sample(workers, 2):
        target = sum(burnt(log).values()) + chance.uniform(0.0, CAP_KWH / 3.0)
        while sum(burnt(log).values()) < target and any(w.is_alive() for w in workers):
            time.sleep(0.002)
        assert victim.pid is not None
        if victim.is_alive():
            os.kill(victim.pid, signal.SIGKILL)
            victim.join()
            killed += victim.exitcode == -signal.SIGKILL
    return killed


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("repeat", range(REPEATS))
def test_killed_workers(
    processes: multiprocessing.context.ForkServerContext,
    spec: str,
    tmp_path: Path,
    repeat: int,
) -> None:
    chance = random.Random(f"{spec.split(':')[0]} {repeat}")
    foresight = repeat % 2 == 0  # whether trials know the energy of their next step
    log = tmp_path / "burnt"
    storage = budget_worker.open_storage(spec)
    study = optuna.create_study(study_name="shared", storage=storage, direction="maximize")

    def start(n: int, cap_kwh: float) -> list[BaseProcess]:
        workers: list[BaseProcess] = [
            processes.Process(
                target=budget_worker.work,
                args=(spec, cap_kwh, log, chance.randrange(2**31)),
                kwargs={"foresight": foresight},
            )
            for _ in range(n)
        ]
        for worker in workers:
            worker.start()
        return workers

    def check(cap_kwh: float, n_alive: int) -> None:
        trials = study.get_trials(deepcopy=False)
        truth = burnt(log)
        stored = {t.number: float(t.user_attrs.get("energy_kwh", 0.0)) for t in trials}
        for number, energy_kwh in stored.items():
            # a step may have been burnt and not stored yet by a killed worker, never the reverse
            step_kwh = (0.5 + trials[number].params.get("x", 1.0)) * STEP_KWH
            assert truth.get(number, 0.0) - step_kwh - 1e-9 <= energy_kwh
            assert energy_kwh <= truth.get(number, 0.0) + 1e-9
            if trials[number].state in (TrialState.COMPLETE, TrialState.PRUNED):
                assert energy_kwh == pytest.approx(truth.get(number, 0.0))
        overshoot_kwh = 0.0 if foresight else n_alive * DEAREST_STEP_KWH
        assert sum(stored.values()) <= cap_kwh + overshoot_kwh + 1e-6
        # and is used up, but for what is charged for trials that died before their first report:
        # the step they had announced, else what they had reserved, else what the median one took
        silent = [t for t in trials if not stored[t.number] and t.state in UNKNOWN_END]
        charged_kwh = sum(
            t.user_attrs.get(
                "energy_step_kwh",
                t.user_attrs.get("energy_reserved_kwh", budget_worker.N_STEPS * DEAREST_STEP_KWH),
            )
            for t in silent
        )
        assert sum(stored.values()) + charged_kwh >= cap_kwh - N_WORKERS * DEAREST_STEP_KWH, [
            (t.number, t.state.name, stored[t.number], dict(t.user_attrs)) for t in trials
        ]

    try:
        workers = start(N_WORKERS, CAP_KWH)
        killed = kill_some(workers, log, chance)
        for worker in workers:
            worker.join()
        assert sorted({w.exitcode for w in workers} - {-signal.SIGKILL}) == [0]
        check(CAP_KWH, N_WORKERS - killed)

        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            budget_worker.requeue(study, trial.number)

        # On SQLite, which knows no row locks, Optuna may hand a queued trial to two processes.
        n_resumed = 1 if spec.startswith("sqlite") else N_WORKERS
        workers = start(n_resumed, RAISED_KWH)
        for worker in workers:
            worker.join()
        assert {w.exitcode for w in workers} == {0}
        check(RAISED_KWH, n_resumed)
        states = {t.state for t in study.get_trials(deepcopy=False)}
        assert TrialState.RUNNING not in states
        assert TrialState.WAITING not in states
    finally:
        optuna.delete_study(study_name="shared", storage=storage)
        storage.remove_session()
        if isinstance(storage, optuna.storages.RDBStorage):
            storage.engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_workers_that_start_together_on_an_empty_database(
    processes: multiprocessing.context.ForkServerContext,
    kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    if kind == "sqlite":
        url = f"sqlite:///{tmp_path}/new.db"
    else:
        server = request.getfixturevalue("postgresql")
        engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("create database new"))
        engine.dispose()
        url = server.replace("/postgres?", "/new?")
    together = processes.Barrier(N_WORKERS)
    workers = [
        processes.Process(target=budget_worker.open_together, args=(url, together))
        for _ in range(N_WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {worker.exitcode for worker in workers} == {0}
