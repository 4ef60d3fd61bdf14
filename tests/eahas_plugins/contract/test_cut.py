"""What the end of the budget has cut, in every host: charged, told apart, not the best."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eahas_plugins.report import Report, read_run
from eahas_plugins.targets import EnergyTraining
from tests.eahas_plugins.contract.own_training import EPOCH_KWH, LENGTH, OwnTraining
from tests.eahas_plugins.contract.problem import Driver
from tests.eahas_plugins.contract.test_contract import pytestmark as pytestmark
from tests.eahas_plugins.meters import Counter

N_STEPS = 98
"""Of the budget: lengths are multiples of five, so the last training has less than its own."""


@dataclass
class Worsening(OwnTraining):
    """It looks best when it has just begun."""

    def __call__(self, config: dict[str, Any], training: EnergyTraining) -> None:
        for step in range(1, config[LENGTH] + 1):
            self.meter.energy_kwh += EPOCH_KWH
            if training.report(score=100.0 * step + config["x"], size=1.0):
                return


def test_what_the_budget_has_cut_is_not_the_best(driver: Driver, tmp_path: Path) -> None:
    training = Worsening("minimize", Counter())
    trained = driver.search(training, tmp_path, budget_kwh=N_STEPS * EPOCH_KWH, seed=1)
    assert training.meter.energy_kwh - Counter.energy_kwh == pytest.approx(N_STEPS * EPOCH_KWH)
    (cut,) = [t for t in trained if t.energy_kwh < (t.length - 0.5) * EPOCH_KWH]
    if driver.name != "hpbandster":  # whose own result takes it for the best of its length
        assert driver.best_x(tmp_path) != cut.x
    numbers = Report.of(read_run(driver.run_folder(tmp_path))).numbers
    assert numbers.spent_kwh == pytest.approx(N_STEPS * EPOCH_KWH)
    assert [s.n_trials for s in numbers.states if s.state == "cut"] == [1]
    assert numbers.best
    assert {trial.state for trial in numbers.best} == {"complete"}
    assert cut.x not in {trial.config["x"] for trial in numbers.best}
