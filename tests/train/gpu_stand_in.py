"""A GPU for torch and NVML where there is none: the CPU works and a counter counts."""

import functools
import sys
from types import SimpleNamespace

import torch

from benchmarks.collection.energy_window import CounterWindow
from benchmarks.collection.training import gpu
from eahas_plugins.energy import nvml

SOMEBODY, OURS_OUTSIDE = -1, -2
"""Ids of another process and of this one, as a container does not know it."""


class Counter:
    """The module ``pynvml`` with one GPU and a clock of its own: 60 W, and 200 W at work."""

    class NVMLError(Exception):
        pass

    def __init__(self):
        self.now_s = 0.0
        self.millijoules = 10.0**9
        self.processes = []
        """Ids of those that compute on the GPU."""
        self.next_processes = []
        self.waited = True
        self.free_bytes = 10**11
        self.limit_mw = 250_000
        self.read_before_work_was_done = False

    def pass_time(self, seconds, watts=60.0):
        self.now_s += seconds
        self.millijoules += 1000.0 * watts * seconds

    def synchronize(self, device):
        assert device == torch.device("cpu")
        self.waited = True

    def work(self, seconds=0.3):
        self.pass_time(seconds, watts=200.0)
        self.waited = False

    def take_the_place_of_a_gpu(self, monkeypatch, folder):
        monkeypatch.setitem(sys.modules, "pynvml", self.module())
        monkeypatch.setattr(nvml, "time", SimpleNamespace(monotonic=lambda: self.now_s))
        monkeypatch.setattr(gpu, "find_gpu", lambda: (torch.device("cpu"), "GPU-0"))
        monkeypatch.setattr(gpu.tempfile, "gettempdir", lambda: str(folder))
        monkeypatch.setattr(torch.cuda, "synchronize", self.synchronize)
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
        monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (self.free_bytes, 0))
        monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 123)
        quick = {"window_s": 0.5, "sleep": self.pass_time}
        monkeypatch.setattr(CounterWindow.__init__, "__kwdefaults__", quick)

    def module(self):
        return SimpleNamespace(
            NVMLError=self.NVMLError,
            nvmlInit=lambda: None,
            nvmlDeviceGetHandleByUUID=lambda uuid: uuid,
            nvmlDeviceGetName=lambda handle: "Tesla V100",
            nvmlDeviceGetUUID=lambda handle: handle,
            nvmlSystemGetDriverVersion=lambda: "580.1",
            nvmlDeviceGetPowerManagementLimit=lambda handle: self.limit_mw,
            nvmlDeviceGetClockInfo=lambda handle, kind: {1: 1380, 2: 877}[kind],
            nvmlDeviceGetTemperature=lambda handle, sensor: {0: 41}[sensor],
            nvmlDeviceGetPowerUsage=lambda handle: 61_500,
            nvmlDeviceGetComputeRunningProcesses=lambda handle: self.seen(),
            nvmlDeviceGetTotalEnergyConsumption=lambda handle: self.total(),
        )

    def seen(self):
        ids = self.next_processes.pop(0) if self.next_processes else self.processes
        return [SimpleNamespace(pid=number) for number in ids]

    def total(self):
        self.read_before_work_was_done |= not self.waited
        self.pass_time(0.001)
        return int(self.millijoules)


def working(function, counter, seconds=0.3):
    """The same function, which takes so long on the GPU."""

    @functools.wraps(function)
    def work(*arguments):
        counter.work(seconds)
        return function(*arguments)

    return work
