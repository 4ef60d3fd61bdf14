"""A search in a process of its own, which is killed in the middle of saving a checkpoint."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tests.eahas_plugins.contract.own_training import SHORT, PausingTraining
from tests.eahas_plugins.meters import Counter

DIES_AT = SHORT + 4

if __name__ == "__main__":
    host, folder = sys.argv[1], Path(sys.argv[2])
    driver = importlib.import_module(f"tests.eahas_plugins.contract.driver_{host}").DRIVER
    driver.search(
        PausingTraining("minimize", Counter(), dies_at=DIES_AT, died=folder / "died"),
        folder,
        budget_kwh=float(sys.argv[3]),
        seed=2,
        fidelity="continue",
    )
