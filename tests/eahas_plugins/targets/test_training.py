from __future__ import annotations

from typing import Any

import pytest

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
