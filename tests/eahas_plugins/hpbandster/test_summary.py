"""What a script shows that sets up no logging: few lines, and those that count."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_a_run_says_one_line_at_its_end_and_at_its_start_what_is_spent(tmp_path: Path) -> None:
    script = (
        "import surrogate\n"
        "from hpbandster.core.nameserver import NameServer\n"
        "from eahas_plugins.hpbandster import EnergyBOHB, SurrogateWorker\n"
        "server = NameServer(run_id='a', host='127.0.0.1')\n"
        "where = dict(zip(('nameserver', 'nameserver_port'), server.start()), run_id='a')\n"
        "worker = SurrogateWorker(surrogate.load('fashion-nano'), fidelity='kwh', **where)\n"
        "worker.run(background=True)\n"
        "bohb = EnergyBOHB(worker.target.space, budget_kwh=2e-5, min_kwh=2e-6, max_kwh=6e-6,\n"
        "                  num_samples=4, **where)\n"
        "bohb.run()\n"
        "bohb.shutdown(shutdown_workers=True)\n"
        "server.shutdown()\n"
    )
    lines = []
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        text = [line for line in (run.stdout + run.stderr).splitlines() if "NS running" not in line]
        lines.append([line for line in text if line.strip()])
    first, second = lines
    assert [line.partition(":")[0] for line in first] == ["EnergyBOHB"]
    assert "of 72 J" in first[0]
    told, end = second
    assert "goes on from an earlier one" in told
    assert "of 72 J are spent already" in told
    assert end.startswith("EnergyBOHB: spent")


OWN_WORKER = (
    "import logging, sys\n"
    "from ConfigSpace import ConfigurationSpace\n"
    "from hpbandster.core.nameserver import NameServer\n"
    "from hpbandster.core.worker import Worker\n"
    "from eahas_plugins.hpbandster import EnergyBOHB\n"
    "class Mine(Worker):\n"
    "    def compute(self, config_id, config, budget, working_directory):\n"
    "        return {'loss': config['x'], 'info': {'energy_kwh': 1e-3}}\n"
    "if sys.argv[1:]:\n"
    "    logging.getLogger('hpbandster').setLevel(sys.argv[1])\n"
    "server = NameServer(run_id='a', host='127.0.0.1', port=0)\n"
    "where = dict(zip(('nameserver', 'nameserver_port'), server.start()), run_id='a')\n"
    "Mine(**where).run(background=True)  # which has everything logged, down to DEBUG\n"
    "space = ConfigurationSpace({'x': (0.0, 1.0)}, seed=0)\n"
    "bohb = EnergyBOHB(space, budget_kwh=0.01, min_budget=1, max_budget=9, **where)\n"
    "bohb.run()\n"
    "bohb.shutdown(shutdown_workers=True)\n"
    "server.shutdown()\n"
)


@pytest.mark.parametrize("level", [None, "DEBUG"])
def test_a_worker_of_ones_own_floods_nobody_unless_asked_to(
    tmp_path: Path, level: str | None
) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OWN_WORKER, *([level] if level else [])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = [line for line in run.stderr.splitlines() if line.strip()]
    assert sum("EnergyBOHB: spent" in line for line in lines) == 1
    assert any("HBMASTER" in line for line in lines) == (level is not None)
    # three lines of its start may come before there is an optimiser that quiets it
    assert level is not None or sum("DEBUG" in line or "WORKER" in line for line in lines) <= 3
