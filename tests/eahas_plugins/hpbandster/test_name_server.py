"""Scripts end, whatever they have started: each is a process, since its end is what is tested."""

from __future__ import annotations

import gc
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import ConfigurationSpace

from eahas_plugins.hpbandster import BOHB, EnergyBOHB, NameServer, SurrogateWorker
from eahas_plugins.hpbandster.name_server import with_daemons
from tests.eahas_plugins.smac.bench import PowerLawBench

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


@pytest.mark.parametrize("run_id", ["", " ", "a b", "a@b", "a\n"])
def test_a_name_that_nobody_would_find_is_refused(run_id: str, tmp_path: Path) -> None:
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    rungs = {"min_budget": 1, "max_budget": 9, "working_directory": str(tmp_path)}
    for make in (
        lambda: NameServer(run_id=run_id, host="127.0.0.1", port=0),
        lambda: BOHB(space, run_id=run_id, **rungs),
        lambda: EnergyBOHB(space, budget_kwh=1.0, run_id=run_id, **rungs),
        lambda: SurrogateWorker(PowerLawBench(), run_id=run_id),
    ):
        with pytest.raises(ValueError, match="run_id must be a name without blanks and '@'"):
            make()
    assert not any(tmp_path.iterdir())


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"serve at 127\.0\.0\.1:{port} but cannot .*port=0"):
            NameServer(run_id="a", host="127.0.0.1", port=port).start()


def test_what_a_call_raises_is_raised() -> None:
    def fails() -> None:
        raise KeyError("x")

    assert with_daemons(lambda: 3) == 3
    with pytest.raises(KeyError, match="x"):
        with_daemons(fails)


def test_a_name_that_is_refused_leaves_nothing_to_shut_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", seen.append)
    with pytest.raises(ValueError, match="run_id must be a name"):
        NameServer(run_id="a b", host="127.0.0.1")
    gc.collect()
    assert not seen
