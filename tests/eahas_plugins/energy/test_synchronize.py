"""With stand-ins for PyTorch and CuPy, which are asked only where they are loaded."""

import sys
from types import SimpleNamespace

import pytest

from eahas_plugins.energy import NvmlMeter, ZeusMeter
from eahas_plugins.energy.synchronize import wait_for_gpu
from tests.eahas_plugins.energy.machines import Gpus, Nvml


class Cuda:
    """``torch.cuda`` on a machine of four GPUs of which this process uses two."""

    def __init__(self, *, initialized=True, capturing=False, broken=False):
        self.initialized = initialized
        self.capturing = capturing
        self.broken = broken
        self.waited = []

    def is_initialized(self):
        return self.initialized

    def is_current_stream_capturing(self):
        return self.capturing

    def device_count(self):
        return 4

    def memory_reserved(self, index):
        return 1000 if index == 2 else 0

    def current_device(self):
        return 1

    def synchronize(self, index):
        if self.broken:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        self.waited.append(index)


@pytest.fixture
def load(monkeypatch):
    def load(cuda):
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        return cuda

    return load


def test_only_the_gpus_that_this_process_uses_are_waited_for(load):
    cuda = load(Cuda())
    wait_for_gpu()
    assert cuda.waited == [1, 2]


@pytest.mark.parametrize("state", [{"initialized": False}, {"capturing": True}, {"broken": True}])
def test_where_waiting_would_do_harm_nothing_happens(load, state):
    cuda = load(Cuda(**state))
    wait_for_gpu()
    assert cuda.waited == []


def test_cupy_is_waited_for_and_nothing_is_imported(monkeypatch):
    waited = []
    runtime = SimpleNamespace(deviceSynchronize=lambda: waited.append("cupy"))
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=SimpleNamespace(runtime=runtime)))
    wait_for_gpu()
    assert waited == ["cupy"]
    assert "torch" not in sys.modules


@pytest.mark.parametrize("make", ["nvml", "zeus"])
def test_a_reading_of_gpus_waits_for_their_work(load, make):
    cuda = load(Cuda())
    zeus = SimpleNamespace(get_gpus=lambda: Gpus("MI250X"), get_cpus=lambda: [])
    meter = NvmlMeter(nvml=Nvml(1)) if make == "nvml" else ZeusMeter(cpus=False, devices=zeus)
    cuda.waited.clear()
    meter.read()
    assert cuda.waited == [1, 2]
