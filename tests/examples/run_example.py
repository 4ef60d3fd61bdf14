"""Runs an example as a user does: in a process of its own, warnings being errors."""

import os
import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
RESULT = re.compile(
    r"^(?:accuracy|auc|loss) (?P<value>\d\.\d+) with (?P<joules>[\d.]+) J, "
    r"(?:measured|estimated) by \S.*\n\{.*\}$",
    flags=re.MULTILINE,
)


def run_example(name, folder, *arguments, **options):
    """Return the best value and the energy, J, that the example prints."""
    printed, _ = run(name, folder, *arguments, **options)
    result = RESULT.search(printed)
    assert result, printed
    return float(result["value"]), float(result["joules"])


def run(name, folder, *arguments, warnings="error"):
    """Return what the example writes to its output and to its log."""
    command = [sys.executable, "-W", warnings, "-W", "ignore::ResourceWarning"]
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
