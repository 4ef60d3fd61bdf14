"""Runs whose name server dies, and workers that are elsewhere or of another kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.hpbandster import EnergyBOHB, HyperBand, SurrogateWorker, TargetWorker
from eahas_plugins.targets import SurrogateTarget
from tests.eahas_plugins.hpbandster.conftest import QUIET, Cluster, within_time
from tests.eahas_plugins.smac.bench import PowerLawBench

pytestmark = pytest.mark.filterwarnings("default")
ROOT = Path(__file__).parents[3]
RUNGS = {"min_kwh": 2e-3, "max_kwh": 18e-3, "num_samples": 4}
NAME_SERVER = """
import sys
from hpbandster.core.nameserver import NameServer
print(*NameServer(run_id="test", host="127.0.0.1", port=0).start(), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("before", ["workers", "the end"])
def test_a_killed_name_server_ends_the_run_with_a_message(tmp_path: Path, before: str) -> None:
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", NAME_SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    with server.stdout, server.stdin:
        while len(line := server.stdout.readline().split()) != 2:  # Pyro4 prints of its own
            assert server.poll() is None
        host, port = line
        cluster = Cluster(folder=tmp_path, run_id="test", host=host, port=int(port))
        bench = PowerLawBench()
        try:
            if before == "the end":
                cluster.worker(_Killer, bench, fidelity="kwh").victim = server
            with cluster.master(EnergyBOHB, bench.space, budget_kwh=1e3, **RUNGS) as master:
                if before == "workers":
                    server.kill()
                with pytest.raises(RuntimeError, match=rf"must answer at {host}:{port} but does"):
                    within_time(master.run)
        finally:
            server.kill()
            server.wait()


class _Killer(SurrogateWorker):
    """Its fifth job kills the name server."""

    n_jobs = 0
    victim: Any = None

    def compute(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self.n_jobs += 1
        if self.n_jobs == 5:
            self.victim.kill()
        return super().compute(*args, **kwargs)


WORKER = """
import sys
from eahas_plugins.hpbandster import SurrogateWorker
from tests.eahas_plugins.smac.bench import PowerLawBench
SurrogateWorker(PowerLawBench(), fidelity="kwh", run_id="test", nameserver=sys.argv[1],
                nameserver_port=int(sys.argv[2])).run()
"""


def test_a_worker_in_another_folder_keeps_the_budget(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = cluster.folder / "here", cluster.folder / "there"
    here.mkdir()
    there.mkdir()
    command = [sys.executable, "-W", "ignore", "-c", WORKER, cluster.host, str(cluster.port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen(command, cwd=there, env=environment, stderr=subprocess.DEVNULL)
    try:
        monkeypatch.chdir(here)
        master = EnergyBOHB(
            PowerLawBench().space,
            budget_kwh=0.1,
            run_id=cluster.run_id,
            nameserver=cluster.host,
            nameserver_port=cluster.port,
            ping_interval=1,
            logger=QUIET,
            seed=1,
            **RUNGS,
        )
        monkeypatch.chdir(cluster.folder)  # nor does it matter where the master goes
        try:
            result = within_time(master.run)
            assert 0.08 < master.spent_kwh <= 0.1 * (1 + 1e-9)
        finally:
            master.shutdown(shutdown_workers=True)
    finally:
        worker.kill()
        worker.wait()
    assert any(run.info["truncated"] for run in result.get_all_runs() if run.info)
    assert list(there.iterdir()) == []


def test_a_worker_that_cannot_see_its_grant_does_not_train(tmp_path: Path) -> None:
    bench = PowerLawBench()
    worker = SurrogateWorker(bench, fidelity="kwh", run_id="test")
    config = dict(bench.space.sample_configuration())
    grant = tmp_path / "energy_test" / "grants" / "0-0-0@1.0.json"
    with pytest.raises(FileNotFoundError, match="on a file system that its workers share"):
        worker.compute((0, 0, 0), config, 2e-3, str(tmp_path), grant=str(grant))
    grant.parent.mkdir(parents=True)
    grant.write_text('{"number": 0, "trial": [0, null, null, 1.0], "cap_kwh": NaN}')
    with pytest.raises(ValueError, match=r"0-0-0@1\.0\.json"):
        worker.compute((0, 0, 0), config, 2e-3, str(tmp_path), grant=str(grant))
    assert worker.compute((0, 0, 0), config, 2e-3, str(tmp_path))["info"]["energy_kwh"] > 0.0


@pytest.mark.parametrize(
    ("rungs", "fidelity"),
    [(RUNGS, "cut"), ({"min_budget": 2, "max_budget": 18}, "kwh")],
    ids=["rungs in kWh", "rungs in epochs"],
)
def test_rungs_and_workers_must_mean_the_same(
    cluster: Cluster, rungs: dict[str, Any], fidelity: str
) -> None:
    bench = PowerLawBench()
    cluster.worker(SurrogateWorker, bench, fidelity=fidelity)
    with (
        cluster.master(EnergyBOHB, bench.space, budget_kwh=1.0, **rungs) as master,
        pytest.raises(ValueError, match=rf"a worker's fidelity must be .* but is '{fidelity}'"),
    ):
        within_time(master.run)


def test_a_target_with_two_objectives_is_refused_before_it_trains() -> None:
    target = SurrogateTarget(PowerLawBench(), objectives=("error", "energy_kwh"))
    with pytest.raises(ValueError, match="minimises one loss but the target has the objectives"):
        TargetWorker(target, run_id="bad")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_budget": 0, "max_budget": 9}, "min_budget must be positive"),
        ({"min_budget": float("nan"), "max_budget": 9}, "min_budget must be positive"),
        ({"min_budget": 9, "max_budget": 1}, "at most max_budget"),
        ({"min_budget": 1, "max_budget": float("inf")}, "both finite"),
        ({"min_budget": 1, "max_budget": 9, "eta": 1.0}, "eta must be larger than 1"),
    ],
)
def test_rungs_must_be_possible(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HyperBand(PowerLawBench().space, run_id="bad", **arguments)
