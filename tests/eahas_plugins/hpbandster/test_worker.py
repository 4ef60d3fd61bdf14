"""Workers with a training of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace

from eahas_plugins.hpbandster import EnergyBOHB, EnergyWorker, SurrogateWorker
from eahas_plugins.targets.identity import identity_of
from tests.eahas_plugins.contract.own_training import (
    EPOCH_KWH,
    LENGTH,
    LONG,
    SHORT,
    OwnTraining,
    PausingTraining,
    space,
)
from tests.eahas_plugins.hpbandster.conftest import Cluster, within_time
from tests.eahas_plugins.meters import Counter
from tests.eahas_plugins.smac.bench import PowerLawBench

RUNGS: dict[str, Any] = {"min_budget": SHORT, "max_budget": LONG, "eta": LONG / SHORT}
SCORE: dict[str, Any] = {
    "fidelity_param": LENGTH,
    "metric": "score",
    "direction": "minimize",
}


def run(cluster: Cluster, training: Any, *, budget_kwh: float, **worker: Any) -> Any:
    meter = training.meter
    cluster.worker(EnergyWorker, training, meter=meter, **worker)
    with cluster.master(EnergyBOHB, space(), budget_kwh=budget_kwh, seed=1, **RUNGS) as master:
        result = within_time(master.run)
        assert master.spent_kwh == pytest.approx(meter.energy_kwh - Counter.energy_kwh)
    return result


def test_rungs_are_lengths_of_complete_schedules(cluster: Cluster) -> None:
    training = OwnTraining("minimize", Counter())
    result = run(cluster, training, budget_kwh=0.1, fidelity="schedule", **SCORE)
    whole = [r for r in result.get_all_runs() if r.info and not r.info["truncated"]]
    assert {r.budget for r in whole} == {SHORT, LONG}
    assert all(r.info["energy_kwh"] == pytest.approx(r.budget * EPOCH_KWH) for r in whole)
    assert not any(r.info["resumed"] for r in whole)
    assert not list(cluster.folder.rglob("latest.json"))


def test_a_training_may_be_continued_and_its_checkpoints_named(
    cluster: Cluster, tmp_path: Path
) -> None:
    training = PausingTraining("minimize", Counter())
    named = {**SCORE, "checkpoints": tmp_path / "kept"}
    result = run(cluster, training, budget_kwh=0.12, fidelity="continue", **named)
    resumed = [r for r in result.get_all_runs() if r.info and r.info["resumed"]]
    assert resumed
    for one in resumed:
        paid_kwh = one.info["training_energy_kwh"] - one.info["energy_kwh"]
        assert paid_kwh == pytest.approx(SHORT * EPOCH_KWH)
    (own,) = (tmp_path / "kept").iterdir()
    of_the_run = identity_of(cluster.folder / f"energy_{cluster.run_id}")
    assert own.name == f"{cluster.run_id}-{of_the_run}"
    assert len(list((tmp_path / "kept").rglob("latest.json"))) <= LONG // SHORT


def test_a_failed_training_leaves_no_checkpoint(cluster: Cluster) -> None:
    training = PausingTraining("minimize", Counter(), fails_at=SHORT + 2)
    run(cluster, training, budget_kwh=0.06, fidelity="continue", **SCORE)
    assert len(list(cluster.folder.rglob("latest.json"))) <= LONG // SHORT


def test_a_run_that_begins_new_brackets_leaves_none_of_the_old_ones(cluster: Cluster) -> None:
    training = PausingTraining("minimize", Counter())
    run(cluster, training, budget_kwh=2.5 * SHORT * EPOCH_KWH, fidelity="continue", **SCORE)
    assert list(cluster.folder.rglob("latest.json"))
    with cluster.master(EnergyBOHB, ConfigurationSpace({"x": (0.0, 1.0)}), budget_kwh=1.0, **RUNGS):
        assert not list(cluster.folder.rglob("latest.json"))


def test_two_rungs_at_one_step_are_refused_before_anything_is_trained(cluster: Cluster) -> None:
    training = PausingTraining("minimize", Counter())
    cluster.worker(EnergyWorker, training, meter=training.meter, fidelity="continue", **SCORE)
    rungs = {"min_budget": 1, "max_budget": 4, "eta": 1.4}
    with (
        cluster.master(EnergyBOHB, space(), budget_kwh=1.0, **rungs) as master,
        pytest.raises(ValueError, match="rungs must be different whole numbers of steps"),
    ):
        within_time(master.run)
    assert training.meter.energy_kwh == Counter.energy_kwh


@pytest.mark.parametrize("leaves", [SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_a_training_that_leaves_the_program_fails_its_job(
    cluster: Cluster, leaves: BaseException
) -> None:
    """Else its thread would be gone, and the master would wait for an answer."""

    def train(config: Any, training: Any) -> None:
        raise leaves

    worker = EnergyWorker(train, run_id=cluster.run_id, meter=Counter())
    with pytest.raises(RuntimeError, match="the training has ended with "):
        worker.compute((0, 0, 0), {"x": 0.5}, 1.0, str(cluster.folder))


@pytest.mark.parametrize("id", ["a b", "", ("a", 1), "a@b"])
def test_a_worker_that_nobody_would_find_is_refused(id: Any) -> None:
    with pytest.raises(ValueError, match="id must be a name without blanks and '@' but got"):
        EnergyWorker(PausingTraining("minimize", Counter()), run_id="a", id=id)


def test_workers_of_one_process_are_all_found(cluster: Cluster) -> None:
    for _ in range(3):
        SurrogateWorker(
            PowerLawBench(),
            run_id=cluster.run_id,
            nameserver=cluster.host,
            nameserver_port=cluster.port,
        ).run(background=True)
    with cluster.master(EnergyBOHB, space(), budget_kwh=1.0, **RUNGS) as master:
        within_time(lambda: master.wait_for_workers(3))
        assert master.dispatcher.number_of_workers() == 3
