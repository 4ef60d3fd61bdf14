"""What differs on Windows and macOS, simulated: neither was run."""

import os
import subprocess
import sys

import pytest

WINDOWS = """
import contextlib, os, pathlib, subprocess, sys, tempfile, threading, types
import optuna  # what others need of the real system is loaded
locked = set()
def locking(descriptor, mode, n_bytes):
    key = os.fstat(descriptor).st_ino
    if key in locked:
        raise OSError(13, "Permission denied")
    locked.add(key)
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
sys.modules["fcntl"] = sys.modules["resource"] = None
exists, read_text = pathlib.Path.exists, pathlib.Path.read_text
def no_proc(path, *args, **kwargs):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(2, "no such file", str(path))
    return read_text(path, *args, **kwargs)
pathlib.Path.exists = lambda p, **kw: not str(p).startswith("/proc") and exists(p, **kw)
pathlib.Path.read_text = no_proc
for name in ("uname", "getuid", "fork", "register_at_fork", "sysconf"):
    delattr(os, name)
def kill(*args):
    raise SystemExit("os.kill would send Ctrl+C to the console")
os.kill = kill
sys.platform = "win32"
"""

STUDY = """
import optuna
from eahas_plugins.energy import choose_meter, auto
from eahas_plugins.optuna import EnergyBudget, EnergyTracker
def absent(*args, **kwargs):
    raise ImportError("not installed")
auto.CodecarbonMeter = absent  # it would start threads that this simulation breaks
optuna.logging.set_verbosity(optuna.logging.ERROR)
choice = choose_meter()
def objective(trial):
    with EnergyTracker(trial, meter=choice.meter) as energy:
        for step in range(3):
            sum(range(200_000))
            energy.report(0.5, step=step)
    return 0.0
study = optuna.create_study()
budget = EnergyBudget(kwh=1e-4)
study.optimize(budget.guard(objective), callbacks=[budget], n_trials=2, n_jobs=1)
assert all(t.user_attrs["energy_kwh"] > 0.0 for t in study.trials), study.trials
print(choice.meter.provenance.meter, len(study.trials))
"""

MAC = """
import os, pathlib, sys
import optuna
exists, read_text = pathlib.Path.exists, pathlib.Path.read_text
def no_proc(path, *args, **kwargs):
    if str(path).startswith("/proc"):
        raise FileNotFoundError(2, "no such file", str(path))
    return read_text(path, *args, **kwargs)
pathlib.Path.exists = lambda p, **kw: not str(p).startswith("/proc") and exists(p, **kw)
pathlib.Path.read_text = no_proc
sys.platform = "darwin"
"""


@pytest.mark.parametrize("system", [WINDOWS, MAC], ids=["Windows", "macOS"])
@pytest.mark.parametrize("psutil", [True, False])
def test_importing_tracking_and_the_budget_work(system, psutil, tmp_path):
    hide = "" if psutil else "import sys; sys.modules['psutil'] = None\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", system + hide + STUDY],
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path), "EAHAS_ENERGY_DIR": ""},
    )
    assert done.stdout == "cpu-time(10 W/core, 0 W idle) 2\n", done.stderr
    assert "cannot be noted" not in done.stderr
