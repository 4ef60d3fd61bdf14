"""One driver per host. HpBandSter lives in an environment of its own, so hosts may be absent."""

from __future__ import annotations

import importlib
import importlib.util

import pytest

HOSTS = ("optuna", "smac", "hpbandster")
INSTALLED = [host for host in HOSTS if importlib.util.find_spec(host)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "driver" in metafunc.fixturenames:
        prefix = "tests.eahas_plugins.contract.driver_"
        drivers = [importlib.import_module(prefix + host).DRIVER for host in INSTALLED]
        metafunc.parametrize("driver", drivers, ids=lambda driver: driver.name)
