"""A worker in a process of its own: 1 Wh per epoch; what it has burnt is also kept in a file."""

from __future__ import annotations

import os
import signal
import sys
import uuid
import warnings
from pathlib import Path
from typing import Any

from eahas_plugins.hpbandster import EnergyWorker
from tests.eahas_plugins.hpbandster.conftest import QUIET
from tests.eahas_plugins.meters import Counter


def main() -> None:
    run_id, host, port, folder, dies = sys.argv[1:]
    burnt = Path(folder) / uuid.uuid4().hex
    meter = Counter()
    start = meter.energy_kwh
    burnt.write_text("0.0")
    trainings = 0

    def train(config: dict[str, Any], training: Any) -> None:
        nonlocal trainings
        trainings += 1
        for epoch in range(40):
            meter.energy_kwh += 1e-3
            burnt.write_text(repr(meter.energy_kwh - start))
            stop = training.report(1.0 - 1.0 / (epoch + 2))
            if dies == "True" and trainings == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            if stop:
                return

    warnings.simplefilter("ignore")
    worker = EnergyWorker(
        train,
        run_id=run_id,
        meter=meter,
        nameserver=host,
        nameserver_port=int(port),
        id=uuid.uuid4().hex[:6],
        logger=QUIET,
    )
    worker.run()


if __name__ == "__main__":
    main()
