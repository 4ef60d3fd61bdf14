"""What a report says of a real run of HpBandSter."""

from __future__ import annotations

import pytest

from eahas_plugins.hpbandster import EnergyBOHB, EnergyResultLogger, SurrogateWorker
from eahas_plugins.report import Report, read_run
from tests.eahas_plugins.hpbandster.conftest import Cluster, within_time
from tests.eahas_plugins.smac.bench import PowerLawBench

# HpBandSter, Pyro4 and statsmodels warn of their own; an error in their threads fails a run.
pytestmark = pytest.mark.filterwarnings("default")


def test_a_run_is_read_as_the_optimizer_knows_it(cluster: Cluster) -> None:
    bench = PowerLawBench()
    cluster.worker(SurrogateWorker, bench, fidelity="kwh")
    with cluster.master(
        EnergyBOHB,
        bench.space,
        budget_kwh=0.1,
        min_kwh=2e-3,
        max_kwh=18e-3,
        num_samples=4,
        seed=1,
        result_logger=EnergyResultLogger(str(cluster.folder)),
    ) as master:
        result = within_time(master.run)
        spent_kwh = master.spent_kwh
    run = read_run(cluster.folder)
    assert (run.host, run.name, run.cap_kwh) == ("HpBandSter", "test", 0.1)
    assert run.spent_kwh == pytest.approx(spent_kwh, rel=1e-9)
    assert run.unlisted_kwh == 0.0
    report = Report.of(run)
    best = report.numbers.best[0]
    assert best.group == str(list(result.get_incumbent_id()))
    assert best.length == 18e-3
    assert "Energy report: test" in report.html
