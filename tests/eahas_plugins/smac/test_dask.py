"""Real worker processes: a local Dask cluster, shared by the tests of this module."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dask
import pytest
from dask.distributed import Client, LocalCluster
from smac.callback.callback import Callback
from smac.runhistory import StatusType

from eahas_plugins.smac import SurrogateTarget, energy_scenario
from eahas_plugins.targets import EnergyEstimate
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.eahas_plugins.smac.helpers import QUIET, energies, multi_fidelity

N_WORKERS = 3
BENCH = PowerLawBench()
DEAREST_STEP_KWH = 1e-4 * (1 + 256 / 16)

pytestmark = pytest.mark.filterwarnings(
    # the cluster's own sockets and tasks, closed by its event loop after the test
    "ignore::ResourceWarning",
    "ignore:Mismatched versions",
    "ignore::DeprecationWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(
            n_workers=N_WORKERS,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",  # any free port: other runs on this machine
            silence_logs=QUIET,
        ) as cluster,
        Client(cluster) as connected,
    ):
        yield connected


def steps(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """A training that takes its time, does not know its next step, and obeys its account."""
    run = BENCH.query(config)
    n_epochs = min(len(run.energy_kwh), round(budget or len(run.energy_kwh)))
    for epoch in range(n_epochs):
        time.sleep(0.005)
        attempt.report(float(run.energy_kwh[epoch]))
        if attempt.must_stop():
            break
    spent_kwh = float(run.energy_kwh[epoch])
    return 1.0 - float(run.val_accuracy[epoch]), {
        "energy_kwh": spent_kwh,
        "training_energy_kwh": spent_kwh,
        "pid": os.getpid(),
    }


def facade_of(
    folder: Path,
    client: Client | None,
    budget_kwh: float,
    *,
    target: Any = steps,
    callbacks: Sequence[Callback] = (),
    **kwargs: Any,
) -> Any:
    scenario = energy_scenario(
        SurrogateTarget(BENCH), name="run", output_directory=folder, seed=1, **kwargs
    )
    return multi_fidelity(
        folder,
        budget_kwh=budget_kwh,
        target=target,
        scenario=scenario,
        n_startup_trials=200,
        dask_client=client,
        callbacks=callbacks,
    )


def test_workers_share_the_budget(tmp_path: Path, client: Client) -> None:
    facade = facade_of(tmp_path, client, 0.08)
    facade.optimize()
    history = facade.runhistory
    assert len({v.additional_info["pid"] for v in history.values()}) == N_WORKERS
    assert 0.08 - DEAREST_STEP_KWH < facade.spent_kwh <= 0.08 + N_WORKERS * DEAREST_STEP_KWH
    assert facade.spent_kwh == pytest.approx(sum(energies(history)))
    assert history.running == 0


def test_what_is_known_in_advance_is_never_exceeded(tmp_path: Path, client: Client) -> None:
    target = SurrogateTarget(BENCH, fidelity="kwh")
    scenario = energy_scenario(target, name="run", output_directory=tmp_path, seed=1)
    facade = multi_fidelity(
        tmp_path,
        budget_kwh=0.05,
        target=target,
        scenario=scenario,
        n_startup_trials=200,
        dask_client=client,
    )
    facade.optimize()
    assert 0.05 - DEAREST_STEP_KWH < facade.spent_kwh <= 0.05 * (1 + 1e-9)
    assert {v.status for v in facade.runhistory.values()} == {StatusType.SUCCESS}


def test_logarithmic_integers_are_stored_once(tmp_path: Path, client: Client) -> None:
    """The configuration that comes back from a worker is unequal to the one that was sent."""
    facade = facade_of(tmp_path, client, 0.04)
    facade.optimize()
    history = facade.runhistory
    assert BENCH.space["width"].log
    assert history.running == 0
    assert history.finished == history.submitted == len(history)
    widths = {(dict(history.get_config(k.config_id))["lr"], k.budget) for k in history}
    assert len(widths) == len(history)


def doomed(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """The worker of the sixth trial is killed in the middle of it, once."""
    marker = attempt.folder / "killed"
    if attempt.grant.number == 5 and not marker.exists():
        marker.touch()
        attempt.report(float(BENCH.query(config).energy_kwh[0]))
        os.kill(os.getpid(), signal.SIGKILL)
    return steps(config, seed, budget, attempt)


def test_a_killed_worker_costs_nothing_but_its_trial(tmp_path: Path, client: Client) -> None:
    facade = facade_of(tmp_path, client, 0.06, target=doomed)
    facade.optimize()
    assert (facade.account.journal.folder / "killed").exists()
    entries = facade.account.journal.entries()
    attempts = [e.number for e in entries]
    retried = {n for n in attempts if attempts.count(n) > 1}
    assert 5 in retried  # the dead attempt and its retry are both in the account
    assert all(e.done or e.given_up for e in entries)
    assert sum(e.energy_kwh for e in entries) == pytest.approx(facade.spent_kwh)
    # At least: Dask may have trained again for a result that died with its worker.
    assert facade.spent_kwh >= sum(energies(facade.runhistory)) * (1 - 1e-9)
    assert 0.06 - DEAREST_STEP_KWH < facade.spent_kwh <= 0.06 + N_WORKERS * DEAREST_STEP_KWH
    assert facade.runhistory.running == 0


def dies(config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None) -> Any:
    """Very wide networks take their worker down every time."""
    run = BENCH.query(config)
    if config["width"] > 100:
        attempt.report(float(run.energy_kwh[0]))
        os.kill(os.getpid(), signal.SIGKILL)
    return steps(config, seed, budget, attempt)


def test_a_trial_that_kills_every_worker_fails_and_is_charged(
    tmp_path: Path, client: Client
) -> None:
    scenario = energy_scenario(
        SurrogateTarget(BENCH), name="run", output_directory=tmp_path, seed=1, n_trials=6
    )
    facade = multi_fidelity(
        tmp_path,
        budget_kwh=5.0,
        target=dies,
        scenario=scenario,
        n_startup_trials=6,
        dask_client=client,
    )
    facade.optimize()
    history = facade.runhistory
    failed = {k: v for k, v in history.items() if v.status == StatusType.CRASHED}
    assert failed
    for key, value in failed.items():
        one_epoch = BENCH.query(history.get_config(key.config_id)).energy_kwh[0]
        assert value.additional_info["energy_kwh"] >= one_epoch * (1 - 1e-9)  # once per death
        assert "KilledWorker" in value.additional_info["error"]
    # At least: Dask may have trained again for a result that died with its worker.
    assert facade.spent_kwh >= sum(energies(history)) * (1 - 1e-9)


def test_a_run_of_many_workers_is_resumed_by_one(tmp_path: Path, client: Client) -> None:
    facade_of(tmp_path, client, 0.05).optimize()
    alone = facade_of(tmp_path, None, 0.08)
    before = len(alone.runhistory)
    alone.optimize()
    assert len(alone.runhistory) > before > 0
    assert 0.08 - DEAREST_STEP_KWH < alone.spent_kwh <= 0.08 + DEAREST_STEP_KWH


class _Frugal:
    """A target function that needs a quarter of what it says that it will."""

    def estimate(
        self, config: Any, *, seed: int, budget: float | None, paid_kwh: float
    ) -> EnergyEstimate:
        return EnergyEstimate(total_kwh=0.02)

    def __call__(
        self, config: Any, seed: int = 0, budget: float | None = None, attempt: Any = None
    ) -> Any:
        time.sleep(0.02)
        attempt.report(0.005)
        return float(config["lr"]), {"energy_kwh": 0.005}


def test_what_trials_give_back_is_used_up(tmp_path: Path, client: Client) -> None:
    facade = facade_of(tmp_path, client, 0.2, target=_Frugal())
    facade.optimize()
    assert len(facade.runhistory) == 40
    assert facade.spent_kwh == pytest.approx(0.2)


class _StopAt(Callback):
    """Ends the run with the first trial that ends while the budget is all promised."""

    def __init__(self) -> None:
        super().__init__()
        self.finished: int | None = None

    def on_tell_end(self, smbo: Any, info: Any, value: Any) -> bool | None:
        if smbo.runhistory.finished < 30:
            return None
        self.finished = self.finished or smbo.runhistory.finished
        return False


def test_a_callback_that_stops_the_run_has_the_last_word(tmp_path: Path, client: Client) -> None:
    callback = _StopAt()
    facade = facade_of(tmp_path, client, 0.2, target=_Frugal(), callbacks=[callback])
    facade.optimize()
    assert callback.finished == 30
    assert 30 <= len(facade.runhistory) <= 30 + N_WORKERS


def test_the_facade_starts_and_closes_workers_of_its_own(tmp_path: Path) -> None:
    facade = facade_of(tmp_path, None, 0.03, n_workers=2)
    try:
        facade.optimize()
    finally:
        facade.close()
    pids = {v.additional_info["pid"] for v in facade.runhistory.values()}
    assert os.getpid() not in pids
    assert facade.spent_kwh <= 0.03 + 2 * DEAREST_STEP_KWH


UNCLOSED = """
import sys
from ConfigSpace import ConfigurationSpace
from smac import Scenario
from eahas_plugins.smac import EnergyHyperparameterOptimizationFacade

def train(config, seed=0):
    return config["x"], {"energy_kwh": 0.01}

if __name__ == "__main__":
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    scenario = Scenario(
        space, output_directory=sys.argv[1], n_trials=4, n_workers=2, crash_cost=1.0
    )
    facade = EnergyHyperparameterOptimizationFacade(scenario, train, budget_kwh=1.0)
    facade.optimize()
    print(facade.spent_kwh)
"""


def test_a_script_that_does_not_close_its_facade_ends_in_peace(tmp_path: Path) -> None:
    script = tmp_path / "unclosed.py"
    script.write_text(UNCLOSED)
    run = subprocess.run(
        [sys.executable, script, tmp_path / "out"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(run.stdout.splitlines()[-1]) == pytest.approx(0.04)
    assert "Traceback" not in run.stderr
