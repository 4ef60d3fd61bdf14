from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.energy import Reading
from eahas_plugins.targets import EnergyTarget, EnergyTraining
from tests.eahas_plugins.meters import Counter


@pytest.mark.parametrize(
    ("fidelity", "budget", "kept"),
    [("kwh", 3.0, True), ("continue", 2.0, True), ("kwh", None, False), ("schedule", 2.0, False)],
)
def test_a_checkpoint_is_kept_only_for_a_later_rung(
    fidelity: Any, budget: float | None, kept: bool
) -> None:
    seen = []
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        seen.append(training.keeps_checkpoint)
        meter.energy_kwh += 1.0
        training.report(0.5)

    param = "epochs" if fidelity == "schedule" else None
    EnergyTarget(train, meter, fidelity=fidelity, fidelity_param=param)({}, budget=budget)
    assert seen == [kept]


def test_a_report_may_be_of_several_epochs() -> None:
    meter = Counter()

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        for rounds in (10, 20, 30):
            meter.energy_kwh += 1.0
            if training.report(0.5, epochs=rounds):
                return

    _, info = EnergyTarget(train, meter, fidelity="continue")({}, budget=20.0)
    assert (info["epochs"], info["energy_kwh"]) == (20, 2.0)


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_report_is_further_than_the_one_before(epochs: int) -> None:
    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        training.report(0.5, epochs=2)
        training.report(0.5, epochs=epochs)

    with pytest.raises(ValueError, match=f"more than the 2 .* but got {epochs}"):
        EnergyTarget(train, Counter())({})


@dataclass
class CountsReadings(Counter):
    """A meter that says how often it was asked."""

    n_read: int = 0

    def read(self) -> Reading:
        self.n_read += 1
        return super().read()


@pytest.mark.parametrize(("every", "budget", "stops_at"), [(1, 9, 9), (4, 9, 9), (4, 8, 8)])
def test_quick_epochs_are_looked_at_in_bundles(every: int, budget: int, stops_at: int) -> None:
    meter, n_read = CountsReadings(), []

    def train(config: dict[str, Any], training: EnergyTraining) -> None:
        for _ in range(20):
            meter.energy_kwh += 1.0
            before = meter.n_read
            if training.report(0.5):
                return
            n_read.append(meter.n_read - before)

    target = EnergyTarget(train, meter, fidelity="continue", report_every=every, heartbeat_s=1e6)
    _, info = target({}, budget=float(budget))
    assert (info["epochs"], info["energy_kwh"]) == (stops_at, float(stops_at))
    assert [i for i, n in enumerate(n_read, 1) if n] == list(range(every, stops_at, every))


def test_bundles_are_of_one_epoch_at_least() -> None:
    with pytest.raises(ValueError, match="report_every must be at least 1 but got 0"):
        EnergyTarget(lambda config, training: None, Counter(), report_every=0)


def test_a_relative_folder_is_the_same_for_a_worker_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = EnergyTarget(lambda config, training: None, checkpoints=Path("all"))
    monkeypatch.chdir("/")
    assert target.checkpoint_folder == tmp_path / "all"
