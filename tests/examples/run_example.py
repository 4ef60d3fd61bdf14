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
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", str(EXAMPLES / name)],
        cwd=folder,
        env={**os.environ, "EAHAS_ENERGY_DIR": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    result = RESULT.search(finished.stdout)
    assert result, finished.stdout
    return float(result["value"]), float(result["kwh"])
