from __future__ import annotations

from typing import Any

import pytest

from eahas_plugins.targets import EnergyTarget, EnergyTraining
from tests.eahas_plugins.meters import Counter


@pytest.mark.parametrize(
    ("fidelity", "budget", "kept"),
    [("kwh", 3.0, True), ("epochs", 2.0, True), ("kwh", None, False), ("schedule", 2.0, False)],
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
