"""A device whose energy is read while it works; without a GPU, this machine's processor."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.collection.energy_window import CounterWindow
from eahas_plugins.energy import CpuTimeMeter, EnergyMeter, MeterError, RaplMeter

WATTS_PER_CORE = 10.0
"""What a core is taken to draw where nothing can be measured, W; said with every number."""


class MeteredDevice:
    """Where networks run, and what counts their energy.

    Args:
        device: Torch's name of it.
        meter: What counts.
    """

    scope = "machine"

    def __init__(self, device: torch.device, meter: EnergyMeter) -> None:
        self.device = device
        self._meter = meter
        self._has_computed = False

    @property
    def how(self) -> str:
        """How its energy is known, in words."""
        known = self._meter.provenance
        return f"energy {known.kind} by {known.meter} ({known.sampling})"

    def measured(
        self, work: Callable[[CounterWindow], dict[str, Any]], *, window_s: float | None = None
    ) -> dict[str, Any]:
        """Do work that measures itself by a window; its result, with what the meter was.

        Args:
            work: Is given the window.
            window_s: How long it lasts at least, s.

        Raises:
            MeterError: If somebody else uses the device, before or after, or it cannot be read.
        """
        self.check_alone()
        self._has_computed = True
        options: dict[str, Any] = {} if window_s is None else {"window_s": window_s}
        window = CounterWindow(self._meter, synchronize=self.synchronize, **options)
        result = work(window)
        self.check_alone()  # whoever came in between is in the numbers
        known = self._meter.provenance
        meter = {
            "kind": known.kind,
            "name": known.meter,
            "counter": known.sampling,
            "scope": self.scope,
            **window.describe(),
        }
        return {**result, "meter": {**meter, **result.get("meter", {})}}

    def check_alone(self) -> None:
        """Make sure that nobody else is counted, where that can be told."""

    def synchronize(self) -> None:
        """Wait until it has done everything it was given."""

    def describe(self) -> dict[str, Any]:
        """What tells it from others."""
        return {"n_threads": torch.get_num_threads()}

    def state(self) -> dict[str, float]:
        """Clocks, temperature and power, as far as it tells."""
        return {}

    def free_bytes(self) -> int:
        """Memory that can be had."""
        with contextlib.suppress(OSError):
            for line in Path("/proc/meminfo").read_text().splitlines():
                if line.startswith("MemAvailable:"):
                    return 1024 * int(line.split()[1])
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    def peak_bytes(self) -> int | None:
        """The most memory in use since `free_bytes` was asked; None if it does not tell."""
        return None


def processor() -> MeteredDevice:
    """This machine's processor: by its counter (RAPL), else an estimate by CPU time."""
    meter: EnergyMeter = CpuTimeMeter(watts_per_core=WATTS_PER_CORE, idle_watts=0.0)
    with contextlib.suppress(MeterError, ImportError, OSError):
        meter = RaplMeter()
    device = MeteredDevice(torch.device("cpu"), meter)
    device.scope = meter.provenance.scope
    return device
