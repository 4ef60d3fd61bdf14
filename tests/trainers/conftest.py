import os

import pytest

from eahas_plugins.energy import CpuTimeMeter

os.environ.setdefault("KERAS_BACKEND", "torch")  # read when Keras is imported


@pytest.fixture
def meter(tmp_path, monkeypatch):
    monkeypatch.setenv("EAHAS_ENERGY_DIR", str(tmp_path / "roster"))
    monkeypatch.chdir(tmp_path)
    return CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)
