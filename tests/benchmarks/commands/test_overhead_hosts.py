import importlib.util
import re

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.commands import overhead_hosts as module

# HpBandSter and SMAC warn of their own
pytestmark = pytest.mark.filterwarnings("default")
app = typer.Typer()
app.command()(module.overhead_hosts)


def is_installed(host: str) -> bool:
    return importlib.util.find_spec(host) is not None


@pytest.mark.parametrize("host", [h for h in module.HOSTS if is_installed(h) and h != "smac"])
def test_both_kinds_run_and_their_ratio_is_printed(host: str) -> None:
    """SMAC is left out: its forest takes a minute."""
    done = CliRunner().invoke(
        app, ["--host", host, "--n-trials", "20", "--repeats", "1"], catch_exceptions=False
    )
    assert done.exit_code == 0
    header, row = done.stdout.splitlines()
    assert re.split(" {2,}", header) == [
        "host",
        "trials",
        "plain, CPU s",
        "energy-aware, CPU s",
        "ratio",
    ]
    assert row.split()[:2] == [host, "20"]
    assert all(float(number) > 0.0 for number in row.split()[2:])


def test_unknown_host_is_refused() -> None:
    done = CliRunner().invoke(app, ["--host", "nevergrad"])
    assert isinstance(done.exception, ValueError)
    assert "host must be one of smac, optuna, hpbandster but got 'nevergrad'" in str(done.exception)
