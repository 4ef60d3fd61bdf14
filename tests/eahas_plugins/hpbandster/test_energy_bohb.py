from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hpbandster.core.worker import Worker

from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.hpbandster import (
    BOHB,
    EnergyBOHB,
    EnergyResultLogger,
    EnergyWorker,
    SurrogateWorker,
)
from tests.eahas_plugins.hpbandster.conftest import Cluster, trials, within_time
from tests.eahas_plugins.smac.bench import PowerLawBench

# HpBandSter, Pyro4 and statsmodels warn of their own; an error in their threads fails a run.
pytestmark = pytest.mark.filterwarnings("default")
# Few candidates per choice: drawing one takes HpBandSter a millisecond per hyperparameter.
RUNGS = {"min_kwh": 2e-3, "max_kwh": 18e-3, "num_samples": 4}


def _spent(cluster: Cluster) -> float:
    folder = cluster.folder / f"energy_{cluster.run_id}"
    return sum(entry.energy_kwh for entry in EnergyJournal(folder).entries())


@pytest.mark.parametrize("shortfall", ["truncate", "skip"])
def test_a_run_ends_at_its_budget(cluster: Cluster, shortfall: str) -> None:
    logger = EnergyResultLogger(str(cluster.folder / "log"))
    bench = PowerLawBench()
    for _ in range(2):
        cluster.worker(SurrogateWorker, bench, fidelity="kwh")
    with cluster.master(
        EnergyBOHB,
        bench.space,
        budget_kwh=0.2,
        shortfall=shortfall,
        seed=1,
        result_logger=logger,
        **RUNGS,
    ) as master:
        result = within_time(master.run)
        assert master.spent_kwh == pytest.approx(_spent(cluster))
    spent = sum(run.info["energy_kwh"] for run in result.get_all_runs() if run.info)
    assert spent == pytest.approx(_spent(cluster))
    assert 0.17 < spent <= 0.2 * (1 + 1e-9)
    lines = [json.loads(line) for line in logger.energy_file.read_text().splitlines()]
    assert sum(line["energy_kwh"] for line in lines) == pytest.approx(spent)
    assert lines[-1]["spent_kwh"] == pytest.approx(spent)
    assert len(trials(result)) == len(lines)


@pytest.mark.parametrize("short_until", [0.0, 1.0])
def test_one_dear_job_does_not_end_a_run_in_which_others_fit(
    cluster: Cluster, short_until: float
) -> None:
    bench = PowerLawBench()
    cluster.worker(SurrogateWorker, bench, fidelity="kwh")
    with cluster.master(
        EnergyBOHB,
        bench.space,
        budget_kwh=0.05,
        shortfall="skip",
        short_until=short_until,
        seed=1,
        **RUNGS,
    ) as master:
        result = within_time(master.run)
    runs = [run for run in result.get_all_runs() if run.info]
    assert not any(run.info["truncated"] for run in runs)
    assert 0.05 - RUNGS["min_kwh"] < _spent(cluster) <= 0.05 * (1 + 1e-9)


class _Own(Worker):
    """A user's own: nobody can cut it short. A rung costs a tenth of its number."""

    def compute(
        self, config_id: Any, config: dict[str, Any], budget: float, working_directory: str
    ) -> dict[str, Any]:
        return {"loss": config["lr"], "info": {"energy_kwh": budget / 10}}


def test_a_worker_that_nobody_can_cut_is_not_sent_what_is_known_not_to_fit(
    cluster: Cluster,
) -> None:
    cluster.worker(_Own)
    with cluster.master(
        EnergyBOHB, PowerLawBench().space, budget_kwh=6.05, seed=1, min_budget=1, max_budget=9
    ) as master:
        within_time(master.run)
        assert 5.95 < master.spent_kwh <= 6.05


def test_a_promoted_training_goes_on_and_is_not_paid_twice(cluster: Cluster) -> None:
    bench = PowerLawBench()
    cluster.worker(SurrogateWorker, bench, fidelity="kwh")
    with cluster.master(EnergyBOHB, bench.space, budget_kwh=0.2, seed=1, **RUNGS) as master:
        result = within_time(master.run)
    promoted = 0
    for config_id in result.get_id2config_mapping():
        infos = [run.info for run in result.get_runs_by_id(config_id) if run.info]
        paid = np.cumsum([info["energy_kwh"] for info in infos])
        assert paid == pytest.approx([info["training_energy_kwh"] for info in infos])
        promoted += len(infos) > 1
    assert promoted > 3


def test_a_higher_cap_goes_on_where_the_run_stopped(cluster: Cluster) -> None:
    bench = PowerLawBench()
    result = None
    for cap, least in ((0.05, 0.04), (0.12, 0.1)):
        cluster.worker(SurrogateWorker, bench, fidelity="kwh")
        with cluster.master(
            EnergyBOHB, bench.space, budget_kwh=cap, seed=1, previous_result=result, **RUNGS
        ) as master:
            result = within_time(master.run)
        assert least < _spent(cluster) <= cap * (1 + 1e-9)
    with cluster.master(EnergyBOHB, bench.space, budget_kwh=0.12, seed=1, **RUNGS) as master:
        cluster.worker(SurrogateWorker, bench, fidelity="kwh")
        again = within_time(master.run)
    # What is left pays for an epoch of a small network: of five others in a row it does not.
    assert [run.loss for run in again.get_all_runs()][-5:] == [None] * 5
    assert len(again.get_all_runs()) <= 15
    assert _spent(cluster) <= 0.12 * (1 + 1e-9)


@pytest.mark.parametrize("short_until", [0.4, 1.0])
def test_later_configurations_go_to_the_highest_rung_at_once(
    cluster: Cluster, short_until: float
) -> None:
    bench = PowerLawBench()
    cluster.worker(SurrogateWorker, bench)
    with cluster.master(
        EnergyBOHB,
        bench.space,
        budget_kwh=0.2,
        short_until=short_until,
        seed=1,
        min_budget=2,
        max_budget=18,
        num_samples=4,
    ) as master:
        result = within_time(master.run)
    runs = sorted(
        (run for run in result.get_all_runs() if run.info),
        key=lambda run: run.time_stamps["finished"],
    )
    spent = np.cumsum([run.info["energy_kwh"] for run in runs])
    firsts = {run.config_id: position for position, run in reversed(list(enumerate(runs)))}
    # A bracket that has begun is finished before the next one is chosen.
    late = [runs[at] for at in firsts.values() if at and spent[at - 1] > 0.4 * 0.2 + 0.06]
    assert len(late) > 3
    assert all(run.budget == 18 for run in late) == (short_until < 1.0)


def test_without_weights_it_is_bohb(cluster: Cluster) -> None:
    bench = PowerLawBench()
    rungs = {"min_budget": 2, "max_budget": 18, "seed": 3, "num_samples": 8}
    weightless = {"cooling": 0.0, "reward_exponent": 0.0, "short_until": 1.0}
    runs = []
    for kind, settings in (
        (BOHB, {}),
        (EnergyBOHB, {"budget_kwh": 1.0, **weightless}),
        (EnergyBOHB, {"budget_kwh": 1e3}),
    ):
        cluster.worker(SurrogateWorker, bench)
        with cluster.master(kind, bench.space, **rungs, **settings) as master:
            runs.append(trials(within_time(lambda m=master: m.run(n_iterations=5))))
        for path in cluster.folder.glob("energy_test/*.json"):
            path.unlink()
    plain, without, weighted = runs
    assert len(plain) > 30
    assert [trial[:3] for trial in without] == [trial[:3] for trial in plain]
    assert [trial[:3] for trial in weighted] != [trial[:3] for trial in plain]


class _Failing(Worker):
    def __init__(self, failure: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.failure = failure

    def compute(
        self, config_id: Any, config: dict[str, Any], budget: float, working_directory: str
    ) -> dict[str, Any]:
        if self.failure == "raises":
            raise RuntimeError("out of memory")
        if self.failure == "nan":
            return {"loss": float("nan"), "info": {"energy_kwh": 0.004}}
        return {"loss": 0.5, "info": {}}


@pytest.mark.parametrize(("failure", "n_jobs"), [("raises", 10), ("nan", 5)])
def test_failed_jobs_are_charged(cluster: Cluster, failure: str, n_jobs: int) -> None:
    """What a failed job burnt; where it cannot say, the rung that it was promised (2 Wh)."""
    cluster.worker(_Failing, failure)
    with cluster.master(
        EnergyBOHB, PowerLawBench().space, budget_kwh=0.02, seed=1, **RUNGS
    ) as master:
        result = within_time(master.run)
        assert master.spent_kwh == pytest.approx(0.02)
    assert sum(len(d.results) for d in result.data.values()) == n_jobs


def test_a_worker_that_tells_no_energy_ends_the_run_with_the_remedy(cluster: Cluster) -> None:
    cluster.worker(_Failing, "no energy")
    with (
        cluster.master(EnergyBOHB, PowerLawBench().space, budget_kwh=1.0, **RUNGS) as master,
        pytest.raises(ValueError, match="must report its energy but returned none: return"),
    ):
        within_time(master.run)


def test_a_users_training_is_metered_and_goes_on_from_its_checkpoint(cluster: Cluster) -> None:
    from tests.eahas_plugins.meters import Counter

    meter = Counter()

    def train(config: dict[str, Any], training: Any) -> None:
        state = training.checkpoint / "epochs"
        done = int(state.read_text()) if state.exists() else 0
        assert done == training.epochs
        for epoch in range(done + 1, 41):
            meter.energy_kwh += 1e-3
            state.write_text(str(epoch))
            if training.report(1.0 - 1.0 / (epoch + 1) - 0.01 * config["lr"]):
                return

    cluster.worker(EnergyWorker, train, meter=meter)
    before = meter.energy_kwh
    with cluster.master(
        EnergyBOHB, PowerLawBench().space, budget_kwh=0.1, seed=1, **RUNGS
    ) as master:
        result = within_time(master.run)
        assert master.spent_kwh == pytest.approx(meter.energy_kwh - before)
    assert 0.099 <= meter.energy_kwh - before <= 0.101 + 1e-9
    assert any(run.info["resumed"] for run in result.get_all_runs() if run.info)
    assert (cluster.folder / "energy_test" / "checkpoints").is_dir()


def test_a_killed_worker_process_costs_what_it_burnt_and_nothing_hangs(cluster: Cluster) -> None:
    command = [sys.executable, "-m", "tests.eahas_plugins.hpbandster.worker_process"]
    command += [cluster.run_id, cluster.host, str(cluster.port)]
    log = cluster.folder / "burnt"
    log.mkdir()
    root = Path(__file__).parents[3]
    workers = [
        subprocess.Popen([*command, str(log), str(i == 0)], cwd=root, stderr=subprocess.DEVNULL)
        for i in range(3)
    ]
    try:
        with cluster.master(
            EnergyBOHB, PowerLawBench().space, budget_kwh=0.15, seed=1, **RUNGS
        ) as master:
            result = within_time(lambda: master.run(min_n_workers=3))
            spent = master.spent_kwh
            balance = master.account.balance()
        assert workers[0].wait(timeout=60) == -9  # it kills itself in the middle of a training
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    burnt = sum(float(path.read_text()) for path in log.iterdir())
    assert spent == pytest.approx(burnt)
    assert balance.running == ()
    assert 0.13 < spent <= 0.15 + 3e-3 + 1e-9  # one step of 1 Wh per worker
    assert any(run.loss is None for run in result.get_all_runs())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget_kwh": 0.0}, "`budget_kwh` must be a positive finite number"),
        ({"budget_kwh": float("nan")}, "`budget_kwh` must be a positive finite number"),
        ({"max_kwh": None}, "give either min_kwh and max_kwh, or min_budget and max_budget"),
        ({"min_budget": 1, "max_budget": 9}, "give either"),
        ({"min_kwh": -1.0}, "`min_kwh` must be a positive finite number"),
        ({"reward_exponent": float("-inf")}, "reward_exponent must be at most 0"),
        ({"cooling": float("nan")}, "cooling must be finite"),
        ({"reward_exponent": 0.1}, "reward_exponent must be at most 0"),
        ({"short_until": float("nan")}, "short_until must be between 0 and 1"),
        ({"shortfall": "stop"}, "shortfall must be 'truncate' or 'skip' but got 'stop'"),
    ],
)
def test_bad_arguments(tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    settings = {"budget_kwh": 1.0, **RUNGS, **arguments}
    with pytest.raises(ValueError, match=message):
        EnergyBOHB(PowerLawBench().space, run_id="bad", working_directory=str(tmp_path), **settings)
