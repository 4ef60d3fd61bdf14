"""Runs an example as a user does: in a process of its own, warnings being errors."""

import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
RESULT = re.compile(r"(?P<value>0\.\d+|1\.0+) with (?P<kwh>\d\.\d+e-\d+) kWh: \{")


def run_example(name, folder):
    """Return the best value and the energy that the example prints."""
    printed, _ = run(name, folder)
    result = RESULT.search(printed)
    assert result, printed
    return float(result["value"]), float(result["kwh"])


def run(name, folder, *arguments):
    """Return what the example writes to its output and to its log."""
    command = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning"]
    finished = subprocess.run(
        [*command, str(EXAMPLES / name), *arguments],
        cwd=folder,
        env={**os.environ, "EAHAS_ENERGY_DIR": str(folder), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout, finished.stderr
