from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.budget.account import RunAccount
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.targets import EnergyTarget, EnergyTraining
from tests.eahas_plugins.meters import Counter


@pytest.mark.parametrize(("burns_kwh", "charged_kwh"), [(0.0, 0.0), (0.25, 0.25)])
def test_a_training_that_fails_before_its_first_report_is_charged_what_it_burnt(
    tmp_path: Path, burns_kwh: float, charged_kwh: float
) -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        meter.energy_kwh += burns_kwh
        raise FileNotFoundError("no such data set")

    account = RunAccount(50.0, shortfall="truncate")
    account.attach(EnergyJournal(tmp_path))
    grant = account.grant((1, None, 0, None), needed_kwh=7.0)
    assert account.journal is not None
    attempt = account.journal.open(grant)
    with pytest.raises(FileNotFoundError):
        EnergyTarget(train, meter)({"lr": 0.5}, attempt=attempt)
    attempt.close()
    charge = account.charge(grant.trial, reported_kwh=None, succeeded=False)
    assert (charge.energy_kwh, charge.estimated) == (charged_kwh, False)
    assert account.balance().spent_kwh == charged_kwh
