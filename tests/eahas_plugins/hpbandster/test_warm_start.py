"""A run that learns from earlier ones knows all of them, and every rung."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace
from hpbandster.core.dispatcher import Job
from hpbandster.core.result import json_result_logger, logged_results_to_HBS_result
from hpbandster.core.worker import Worker

from eahas_plugins.hpbandster import BOHB, EnergyBOHB, EnergyResultLogger
from tests.eahas_plugins.hpbandster.conftest import Cluster, within_time

pytestmark = pytest.mark.filterwarnings("default")
SPACE = ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)})
RUNGS = {"min_budget": 1, "max_budget": 3, "num_samples": 4}


class _Distance(Worker):
    def compute(
        self, config_id: Any, config: dict[str, Any], budget: float, working_directory: str
    ) -> dict[str, Any]:
        if config["x"] > 0.9:
            raise RuntimeError("diverged")
        return {"loss": abs(config["x"] - 0.3) + config["y"] / budget, "info": {}}


@pytest.mark.parametrize("kind", [EnergyResultLogger, json_result_logger])
def test_a_chain_of_logs_holds_every_run(cluster: Cluster, kind: Any) -> None:
    result, n_runs, n_known = None, 0, []
    for number in range(3):
        log = cluster.folder / f"log{number}"
        cluster.worker(_Distance)
        with cluster.master(
            BOHB,
            SPACE,
            seed=number,
            previous_result=result,
            result_logger=kind(str(log)),
            **RUNGS,
        ) as master:
            known = sum(map(len, master.config_generator.configs.values()))
            n_known.append((known, n_runs))
            n_own = len(within_time(lambda m=master: m.run(n_iterations=3)).get_all_runs()) - n_runs
        result = logged_results_to_HBS_result(str(log))
        n_succeeded = sum(run.loss is not None for run in result.get_all_runs())
        assert n_succeeded >= n_runs + n_own - 4  # some of this run's own diverge
        n_runs = n_succeeded
    assert all(known == runs for known, runs in n_known)
    assert n_known[2][0] > n_known[1][0] > 0


def test_every_rung_with_enough_runs_has_a_model(cluster: Cluster) -> None:
    cluster.worker(_Distance)
    with cluster.master(BOHB, SPACE, seed=1, **RUNGS) as master:
        first = within_time(lambda: master.run(n_iterations=12))
    per_rung = {b: sum(r.budget == b for r in first.get_all_runs() if r.loss) for b in (1.0, 3.0)}
    cluster.worker(_Distance)
    with cluster.master(BOHB, SPACE, seed=2, previous_result=first, **RUNGS) as master:
        generator = master.config_generator
        assert {b: len(c) for b, c in generator.configs.items()} == per_rung
        assert set(generator.kde_models) == {1.0, 3.0}
        within_time(lambda: master.run(n_iterations=1))


def test_a_result_without_a_success_teaches_nothing(cluster: Cluster) -> None:
    cluster.worker(_Distance)
    space = ConfigurationSpace({"x": (0.95, 1.0), "y": (0.0, 1.0)})
    with cluster.master(BOHB, space, seed=1, **RUNGS) as master:
        failed = within_time(lambda: master.run(n_iterations=1))
    cluster.worker(_Distance)
    with cluster.master(BOHB, SPACE, seed=1, previous_result=failed, **RUNGS) as master:
        assert master.warmstart_iteration == []
        within_time(lambda: master.run(n_iterations=1))


@pytest.mark.parametrize("kind", [BOHB, EnergyBOHB])
def test_a_result_of_another_space_is_refused_before_anything_starts(
    tmp_path: Path, kind: Any
) -> None:
    log = EnergyResultLogger(str(tmp_path / "log"))
    job = Job((0, 0, 0), config={"x": 0.5, "y": 0.25}, budget=3.0)
    job.timestamps = {"submitted": 0.0, "started": 1.0, "finished": 2.0}
    job.result = {"loss": 0.25, "info": {}}
    log.new_config(job.id, job.kwargs["config"], {})
    log(job)
    result = logged_results_to_HBS_result(str(tmp_path / "log"))
    rungs = {"min_budget": 1, "max_budget": 3, "working_directory": str(tmp_path), "run_id": "a"}
    if kind is EnergyBOHB:
        rungs["budget_kwh"] = 1.0
    for other in ({"z": (0.0, 1.0)}, {"x": (0.0, 1.0)}, {"x": (0.0, 0.1), "y": (0.0, 1.0)}):
        with pytest.raises(
            ValueError, match=r"previous_result must be of the same space but \{'x'"
        ):
            kind(ConfigurationSpace(other), previous_result=result, **rungs)
    more = ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0), "z": (0.0, 1.0)})
    with pytest.raises(ValueError, match="previous_result must be of the same space"):
        kind(more, previous_result=result, **rungs)
    with pytest.raises(ValueError, match=r"previous_result must be a result .* but got 'log'"):
        kind(SPACE, previous_result="log", **rungs)


class _Layers(Worker):
    def compute(
        self, config_id: Any, config: dict[str, Any], budget: float, working_directory: str
    ) -> dict[str, Any]:
        assert isinstance(config["layers"], tuple)
        return {"loss": len(config["layers"]) + config["x"] / budget, "info": {}}


def test_a_log_of_categories_that_are_tuples_is_learnt(cluster: Cluster) -> None:
    space = ConfigurationSpace({"x": (0.0, 1.0), "layers": [(32, 32), (64,)]})
    cluster.worker(_Layers)
    log = EnergyResultLogger(str(cluster.folder / "log"))
    with cluster.master(BOHB, space, seed=1, result_logger=log, **RUNGS) as master:
        first = within_time(lambda: master.run(n_iterations=3))
    cluster.worker(_Layers)
    earlier = logged_results_to_HBS_result(str(cluster.folder / "log"))
    with cluster.master(BOHB, space, seed=2, previous_result=earlier, **RUNGS) as master:
        known = sum(map(len, master.config_generator.configs.values()))
        assert known == len(first.get_all_runs())
        result = within_time(lambda: master.run(n_iterations=1))
    configs = result.get_id2config_mapping().values()
    assert {type(found["config"]["layers"]) for found in configs} == {tuple}
