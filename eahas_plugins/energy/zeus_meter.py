"""Counters that the Zeus library reads: NVIDIA and AMD GPUs, RAPL also in containers."""

from __future__ import annotations

import importlib
import threading
import time
from typing import Any

from eahas_plugins.energy.readings import JOULES_PER_KWH, MeterError, Provenance, Reading


class ZeusMeter:
    """Energy of all GPUs and CPU packages that Zeus finds (``zeus`` 0.12 or later).

    Reads the device counters behind ``ZeusMonitor``. The monitor itself answers 0 J where it finds
    no device; this meter raises.

    Create it under ``if __name__ == "__main__":`` or in a function where there is RAPL: Zeus
    starts a process that watches the counters for wrap-around.

    Args:
        devices: The module ``zeus.device`` or a stand-in for it.

    Raises:
        ImportError: If ``zeus`` is not installed.
        MeterError: If Zeus finds no device with an energy counter.
    """

    def __init__(self, *, devices: Any = None) -> None:
        library = _zeus_device() if devices is None else devices
        self._gpus, self._gpu_indices, no_gpu = _with_counter(library.get_gpus)
        self._cpus, self._cpu_indices, no_cpu = _with_counter(library.get_cpus)
        if not (self._gpu_indices or self._cpu_indices):
            raise MeterError(
                f"Zeus found no energy counter (GPU: {no_gpu}; CPU: {no_cpu}); run "
                "`python -m zeus.show_env`, or choose another meter"
            )
        names = [str(self._gpus.get_name(i)) for i in self._gpu_indices]
        names += [f"CPU package {i}" for i in self._cpu_indices]
        self._lock = threading.Lock()
        self._provenance = Provenance(
            kind="measured",
            meter="zeus",
            sampling="device counters at every reading",
            scope="machine",
            devices=tuple(names),
            resolution_s=0.1,
        )

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read the counters."""
        with self._lock:
            monotonic_s = time.monotonic()
            try:
                parts_mj = self._read_millijoules()
            except Exception as error:  # every backend of Zeus has its own
                raise MeterError(f"a counter of Zeus no longer answers ({error})") from error
        parts = {name: mj / 1000.0 / JOULES_PER_KWH for name, mj in parts_mj.items()}
        return Reading(
            energy_kwh=sum(parts.values()),
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            parts_kwh=parts,
        )

    def _read_millijoules(self) -> dict[str, float]:
        parts_mj: dict[str, float] = {}
        for i in self._gpu_indices:
            counted_mj = float(self._gpus.get_total_energy_consumption(i))
            parts_mj["gpu"] = parts_mj.get("gpu", 0.0) + counted_mj
        for i in self._cpu_indices:
            counted = self._cpus.get_total_energy_consumption(i)
            parts_mj["cpu"] = parts_mj.get("cpu", 0.0) + float(counted.cpu_mj)
            if counted.dram_mj is not None:
                parts_mj["memory"] = parts_mj.get("memory", 0.0) + float(counted.dram_mj)
        return parts_mj


def _with_counter(get_devices: Any) -> tuple[Any, list[int], str]:
    """Return the devices, the indices of those with an energy counter, and why there is none."""
    try:
        found = get_devices()
        if hasattr(found, "supports_get_total_energy_consumption"):
            indices = [
                i for i in range(len(found)) if found.supports_get_total_energy_consumption(i)
            ]
        else:
            indices = list(range(len(found)))
    except Exception as error:  # Zeus raises its own kinds for no driver, no rights, no device
        return None, [], f"{type(error).__name__}: {error}"
    return found, indices, "none has a counter"


def _zeus_device() -> Any:
    try:
        return importlib.import_module("zeus.device")
    except ModuleNotFoundError as error:
        if error.name not in ("zeus", "zeus.device"):
            raise
        raise ImportError(
            "ZeusMeter needs zeus (not zeus-ml): pip install 'eahas-plugins[meters]'"
        ) from error
