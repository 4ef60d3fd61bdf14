from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.budget.account import RunAccount
from eahas_plugins.budget.entries import Grant
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.energy import Reading
from eahas_plugins.targets import EnergyTarget, EnergyTraining
from tests.eahas_plugins.meters import Counter


@dataclass
class Clocked(Counter):
    """Its clock is ahead by as much as trainings say that they have lasted."""

    ahead_s: float = 0.0

    def read(self) -> Reading:
        reading = super().read()
        return replace(reading, monotonic_s=reading.monotonic_s + self.ahead_s)


@pytest.mark.parametrize(
    ("burns_kwh", "lasts_s", "charged_kwh", "estimated"),
    [
        (0.0, 0.0, 0.0, False),
        (0.25, 0.0, 0.25, False),
        (0.25, 60.0, 0.25, False),
        (0.0, 60.0, 7.0, True),  # the meter stands still
    ],
)
def test_a_training_that_fails_before_its_first_report_is_charged_what_it_burnt(
    tmp_path: Path, burns_kwh: float, lasts_s: float, charged_kwh: float, estimated: bool
) -> None:
    meter = Clocked()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        meter.energy_kwh += burns_kwh
        meter.ahead_s += lasts_s
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
    assert (charge.energy_kwh, charge.estimated) == (charged_kwh, estimated)
    assert account.balance().spent_kwh == charged_kwh


@pytest.mark.parametrize(
    ("fidelity", "cap_kwh", "truncated"),
    [("schedule", 4.0, False), ("schedule", 3.0, True), (None, 4.0, True)],
)
def test_who_has_trained_all_his_length_is_not_truncated(
    tmp_path: Path, fidelity: Any, cap_kwh: float, truncated: bool
) -> None:
    """The cap is reached with an epoch; without a length nobody knows that it was the last."""
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        for _ in range(config.get("length", 4)):
            meter.energy_kwh += 1.0
            if training.report(0.5):
                return

    kwargs: Any = {} if fidelity is None else {"fidelity": fidelity, "fidelity_param": "length"}
    grant = Grant(number=0, trial=(1, None, 0, None), cap_kwh=cap_kwh)
    attempt = EnergyJournal(tmp_path).open(grant)
    target = EnergyTarget(train, meter, **kwargs)
    _, info = target({"lr": 0.5}, budget=fidelity and 4.0, attempt=attempt)
    assert (info["epochs"], info["truncated"]) == (cap_kwh, truncated)


@pytest.mark.parametrize(("limit_kwh", "limited"), [(2.0, True), (None, False), (8.0, False)])
def test_the_limit_of_a_trial_is_told_from_the_cap(
    tmp_path: Path, limit_kwh: float | None, limited: bool
) -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        meter.energy_kwh += 1.0
        while not training.report(0.5):
            meter.energy_kwh += 1.0

    account = RunAccount(4.0, shortfall="truncate")
    account.attach(EnergyJournal(tmp_path))
    assert account.journal is not None
    attempt = account.journal.open(account.grant((1, None, 0, None), limit_kwh=limit_kwh))
    _, info = EnergyTarget(train, meter)({"lr": 0.5}, attempt=attempt)
    assert (info["truncated"], info["limited"]) == (True, limited)
    assert info["epochs"] == (2 if limited else 4)
