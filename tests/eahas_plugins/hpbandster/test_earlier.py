"""EnergyBOHB that begins with earlier studies."""

from __future__ import annotations

from typing import Any

import pytest
from hpbandster.core.dispatcher import Job

from eahas_plugins.hpbandster import EnergyBOHB, SurrogateWorker
from eahas_plugins.hpbandster.config_generator import EnergyGenerator
from eahas_plugins.spaces.values import native_config
from eahas_plugins.transfer import EarlierStudy, EarlierTrial, first_configurations
from eahas_plugins.transfer.study import columns_seen
from tests.eahas_plugins.hpbandster.conftest import Cluster, within_time
from tests.eahas_plugins.smac.bench import PowerLawBench
from tests.imports import imported_with

pytestmark = pytest.mark.filterwarnings("default")


def earlier(bench: Any) -> EarlierStudy:
    configs = [dict(config) for config in bench.space.sample_configuration(20)]
    trials = tuple(
        EarlierTrial(config=config, value=1.0 - float(bench.query(config).val_accuracy[-1]))
        for config in configs
    )
    return EarlierStudy(name="s", maximize=False, parameters=columns_seen(configs), trials=trials)


def test_a_run_begins_with_what_was_good_before(cluster: Cluster) -> None:
    bench = PowerLawBench()
    study = earlier(bench)
    cluster.worker(SurrogateWorker, bench, fidelity="kwh")
    with cluster.master(
        EnergyBOHB,
        bench.space,
        budget_kwh=0.05,
        min_kwh=2e-3,
        max_kwh=18e-3,
        num_samples=4,
        earlier=[study],
        seed=1,
    ) as master:
        result = within_time(master.run)
    expected = [native_config(c) for c in first_configurations([study], bench.space)]
    configs = [entry["config"] for entry in result.get_id2config_mapping().values()]
    n = min(len(expected), len(configs))
    assert n >= 2
    assert configs[:n] == expected[:n]


def test_what_was_tried_is_not_tried_again() -> None:
    bench = PowerLawBench()
    first = [native_config(c) for c in first_configurations([earlier(bench)], bench.space)]
    generator = EnergyGenerator(
        configspace=bench.space, alpha=lambda: 1.0, cooling=1.0, budgets=None, seed=0, first=first
    )
    job = Job((0, 0, 0), config=first[0], budget=1.0)
    job.result = {"loss": 0.5, "info": {}}
    generator.new_result(job)
    assert generator.get_config(1.0)[0] == first[1]


def test_a_search_that_begins_with_no_earlier_study_draws_no_report() -> None:
    found = imported_with("eahas_plugins.hpbandster")
    assert "eahas_plugins.transfer" in found
    assert "eahas_plugins.report" not in found
