"""What a report says of a real run of SMAC."""

from __future__ import annotations

from pathlib import Path

import pytest

from eahas_plugins.report import Report, read_run
from tests.eahas_plugins.smac.helpers import multi_fidelity


def test_a_run_is_read_as_the_facade_knows_it(tmp_path: Path) -> None:
    facade = multi_fidelity(tmp_path, budget_kwh=0.2, fidelity="schedule")
    incumbent = facade.optimize()
    run = read_run(tmp_path)
    assert (run.host, run.cap_kwh) == ("SMAC", 0.2)
    assert run.spent_kwh == pytest.approx(facade.spent_kwh, rel=1e-12)
    assert len(run.trials) == len(facade.runhistory)
    report = Report.of(run)
    best = report.numbers.best[0]
    assert dict(best.config) == dict(incumbent)
    assert best.values == (
        min(facade.runhistory.get_cost(c) for c in facade.runhistory.get_configs()),
    )
    assert report.numbers.short is not None
    assert "Energy report: run, seed 1" in report.html
