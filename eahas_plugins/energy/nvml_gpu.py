"""One NVIDIA GPU: its counter of energy, or its power summed up, and who computes on it."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from eahas_plugins.energy.counter import Counter
from eahas_plugins.energy.power import SAMPLE_EVERY_S, PowerIntegral
from eahas_plugins.energy.readings import Kind, MeterError

_COUNTER = "nvmlDeviceGetTotalEnergyConsumption"
_ASK_EVERY_S = 1.0  # who computes on a GPU
_MAX_WATTS, _SLACK_J = 1e4, 1e4  # of one board


class NvmlGpu:
    """One GPU and its counter, which may begin anew.

    Raises:
        MeterError: If neither its energy nor its power can be read.
    """

    def __init__(self, nvml: Any, handle: Any, now_s: float) -> None:
        self._nvml = nvml
        self.handle = handle
        self.uuid = text_of(nvml.nvmlDeviceGetUUID(handle))
        self.name = f"{text_of(nvml.nvmlDeviceGetName(handle))} {self.uuid}"
        self.id = f"gpu:{self.uuid}"
        self._users: frozenset[int] | None = None
        self._asked_s = -_ASK_EVERY_S
        self._power: PowerIntegral | None = None
        self._summed_j = 0.0
        self.kind: Kind = "measured"
        self.sampling = f"{_COUNTER}, read at every reading"
        self._counter: Counter | None = None
        try:
            self._counter = Counter(
                self._counted_mj(), now_s, per_joule=1e3, max_watts=_MAX_WATTS, slack_j=_SLACK_J
            )
        except Exception as no_counter:  # NVML's own, no such function, or a value that is none
            self._power = self._integral(no_counter)
            self.kind = "estimated"
            self.sampling = f"nvmlDeviceGetPowerUsage, summed up every {SAMPLE_EVERY_S:g} s"

    def advance(self, now_s: float) -> bool:
        """Count up to now; whether the counter was reset since the last time."""
        if self._counter is not None:
            return self._counter.advance(self._counted_mj(), now_s)
        self._summed_j = self._power.read() if self._power is not None else 0.0
        return False

    def is_sliced(self) -> bool:
        """Whether it is cut into slices (MIG), as far as the driver tells."""
        with contextlib.suppress(Exception):  # NVML's own, or no such function
            is_now, _ = self._nvml.nvmlDeviceGetMigMode(self.handle)
            return bool(is_now)
        return False

    def find_again(self) -> None:
        """Ask for the GPU anew, after it was lost: the next reading tells whether it answers.

        Somebody else in the process may have shut NVML down, or the GPU was reset.
        """
        with contextlib.suppress(Exception):  # as long as it is not there
            self._nvml.nvmlInit()
            self.handle = self._nvml.nvmlDeviceGetHandleByUUID(self.uuid)

    @property
    def total_j(self) -> float:
        """What has been counted, J."""
        return self._summed_j if self._counter is None else self._counter.total / 1000.0

    @property
    def stands_at_mj(self) -> float:
        """Where the counter stands, as every process sees it."""
        return 0.0 if self._counter is None else self._counter.last

    def users(self) -> frozenset[int] | None:
        """Return the ids of the processes that compute here, as of a second ago; None: unknown."""
        if time.monotonic() - self._asked_s >= _ASK_EVERY_S:
            self._asked_s, self._users = time.monotonic(), None
            with contextlib.suppress(Exception):  # NVML's own, the driver's, or no such function
                running = self._nvml.nvmlDeviceGetComputeRunningProcesses(self.handle)
                self._users = frozenset(process.pid for process in running)
        return self._users

    def _counted_mj(self) -> float:
        return float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(self.handle))

    def _integral(self, no_counter: Exception) -> PowerIntegral:
        def watts() -> float:
            return float(self._nvml.nvmlDeviceGetPowerUsage(self.handle)) / 1000.0

        try:
            return PowerIntegral(watts)
        except Exception as error:
            raise MeterError(
                f"neither energy nor power of {self.name} can be read ({no_counter}; {error}); "
                "GPUs before Volta have no counter: choose another meter"
            ) from error


def text_of(value: str | bytes) -> str:
    """Return what the driver says as text; old versions answer bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
