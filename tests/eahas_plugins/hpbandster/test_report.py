"""What a report says of a real run of HpBandSter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
    whole = [r for r in result.get_all_runs() if r.info and not r.info["truncated"]]
    longest = min(
        (r for r in whole if r.budget == 18e-3), key=lambda r: r.loss
    )  # HpBandSter's own best may be one that was cut
    assert (best.group, best.length) == (str(list(longest.config_id)), 18e-3)
    assert best.state == "complete"
    assert "Energy report: test" in report.html


def written(folder: Path, *infos: dict[str, Any]) -> Path:
    """A run's files, with losses of 0.1, 0.2 and so on."""
    times = {"submitted": 0.0, "started": 1.0, "finished": 2.0}
    rows = [
        [[0, 0, i], 9.0, times, {"loss": 0.1 * (i + 1), "info": {"energy_kwh": 0.5, **info}}, None]
        for i, info in enumerate(infos)
    ]
    configs = [[row[0], {"x": 0.5}, {}] for row in rows]
    for name, lines in (("configs.json", configs), ("results.json", rows)):
        (folder / name).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder


def test_what_was_cut_is_the_best_only_where_no_other_has_finished(tmp_path: Path) -> None:
    cut, limited = {"truncated": True}, {"truncated": True, "limited": True}
    for infos, best in (
        ((cut, {"truncated": False}), "complete"),
        ((cut, limited), "complete"),
        ((cut, cut), "cut"),
    ):
        numbers = Report.of(read_run(written(tmp_path, *infos))).numbers
        assert numbers.best[0].state == best
        assert numbers.best[0].values == (0.1 if best == "cut" else 0.2,)
