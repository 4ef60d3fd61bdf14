"""Scripts end, whatever they have started: each is a process, since its end is what is tested."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from eahas_plugins.hpbandster import NameServer
from eahas_plugins.hpbandster.name_server import with_daemons

START = """
from ConfigSpace import ConfigurationSpace
from eahas_plugins.hpbandster import EnergyBOHB, NameServer
space = ConfigurationSpace({"x": (0.0, 1.0)})
server = NameServer(run_id="a", host="127.0.0.1")
where = dict(zip(("nameserver", "nameserver_port"), server.start()), run_id="a")
"""
MASTER = "bohb = EnergyBOHB(space, budget_kwh=1.0, min_budget=1, max_budget=9, **where)\n"
FAILS = "raise RuntimeError('a mistake')\n"
CONTEXTS = """
from ConfigSpace import ConfigurationSpace
from eahas_plugins.hpbandster import EnergyBOHB, NameServer
space = ConfigurationSpace({"x": (0.0, 1.0)})
with NameServer(run_id="a", host="127.0.0.1") as where:
    with EnergyBOHB(space, budget_kwh=1.0, min_budget=1, max_budget=9, **where) as bohb:
        raise RuntimeError("a mistake")
"""


@pytest.mark.parametrize(
    "script",
    [START + FAILS, START + MASTER + FAILS, CONTEXTS],
    ids=["name server", "optimiser", "contexts"],
)
def test_a_script_that_fails_ends(script: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    assert run.stderr.rstrip().endswith("RuntimeError: a mistake")


def test_a_name_server_says_where_it_is_and_is_shut_down() -> None:
    with NameServer(run_id="a", host="127.0.0.1") as where:
        assert where["run_id"] == "a"
        assert where["nameserver"] == "127.0.0.1"
        assert where["nameserver_port"] > 0
        (served,) = (t for t in threading.enumerate() if t.name.startswith("Pyro4 nameserver"))
        assert served.daemon
    served.join(10.0)
    assert not served.is_alive()


def test_what_a_call_raises_is_raised() -> None:
    def fails() -> None:
        raise KeyError("x")

    assert with_daemons(lambda: 3) == 3
    with pytest.raises(KeyError, match="x"):
        with_daemons(fails)
