"""NVIDIA GPUs: the total-energy counter of the driver."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
import time
from collections.abc import Sequence
from typing import Any

from eahas_plugins.energy.readings import JOULES_PER_KWH, MeterError, Provenance, Reading

_COUNTER = "nvmlDeviceGetTotalEnergyConsumption"


class NvmlMeter:
    """Energy of whole NVIDIA GPUs, as their driver counts it (Volta and later).

    The counter covers the board, memory included, and everything that runs on it. It is updated
    every 20-100 ms (PETSc's manual on the same counter): less cannot be told apart. GPU work is
    asynchronous: read after something has waited for it, such as ``loss.item()``.

    Args:
        devices: Indices (in ``nvidia-smi`` order) or UUIDs of the GPUs to count. By default those
            named by ``CUDA_VISIBLE_DEVICES``, else all.
        nvml: The module ``pynvml`` or a stand-in for it.

    Raises:
        ImportError: If ``nvidia-ml-py`` is not installed.
        MeterError: If there is no driver, no GPU, or a GPU without the counter.
    """

    def __init__(self, devices: Sequence[int | str] | None = None, *, nvml: Any = None) -> None:
        self._nvml = _pynvml() if nvml is None else nvml
        try:
            self._nvml.nvmlInit()
            self._handles = [self._handle(device) for device in self._chosen(devices)]
        except self._nvml.NVMLError as error:
            raise MeterError(
                f"NVML found no GPU to meter ({error}); check that `nvidia-smi` lists it, or "
                "choose another meter"
            ) from error
        if not self._handles:
            raise MeterError("NVML lists no GPU to meter; choose another meter")
        names = tuple(_text(self._nvml.nvmlDeviceGetName(handle)) for handle in self._handles)
        uuids = tuple(_text(self._nvml.nvmlDeviceGetUUID(handle)) for handle in self._handles)
        self._lock = threading.Lock()
        self._lowest_kwh = 0.0
        self._provenance = Provenance(
            kind="measured",
            meter="nvml",
            sampling=f"{_COUNTER}, read at every reading",
            scope="machine",
            devices=tuple(f"{name} {uuid}" for name, uuid in zip(names, uuids, strict=True)),
            resolution_s=0.1,
        )
        self.read()  # a GPU without the counter is found out here

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read the counters."""
        with self._lock:
            monotonic_s = time.monotonic()
            try:
                millijoules = [
                    self._nvml.nvmlDeviceGetTotalEnergyConsumption(h) for h in self._handles
                ]
            except self._nvml.NVMLError as error:
                raise MeterError(
                    f"the energy counter of {', '.join(self._provenance.devices)} does not answer "
                    f"({error}); GPUs before Volta have none: choose another meter"
                ) from error
            energy_kwh = sum(millijoules) / 1000.0 / JOULES_PER_KWH
            if energy_kwh < self._lowest_kwh:
                raise MeterError("the GPU's energy counter was reset; start the measurement anew")
            self._lowest_kwh = energy_kwh
        return Reading(
            energy_kwh=energy_kwh,
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            parts_kwh={"gpu": energy_kwh},
        )

    def describe(self) -> dict[str, Any]:
        """What tells one GPU's numbers from another's: name, driver, and power limit if it tells.

        Units: W.
        """
        names = [_text(self._nvml.nvmlDeviceGetName(handle)) for handle in self._handles]
        found: dict[str, Any] = {
            "gpu": ", ".join(names),
            "driver": _text(self._nvml.nvmlSystemGetDriverVersion()),
        }
        with contextlib.suppress(self._nvml.NVMLError):  # some boards have no limit to tell
            limits_mw = [self._nvml.nvmlDeviceGetPowerManagementLimit(h) for h in self._handles]
            found["power_limit_watts"] = sum(limits_mw) / 1000.0
        return found

    def n_processes(self) -> int:
        """How many processes compute on these GPUs, as far as this one may see them."""
        try:
            running = [self._nvml.nvmlDeviceGetComputeRunningProcesses(h) for h in self._handles]
        except self._nvml.NVMLError as error:
            raise MeterError(f"NVML does not tell who uses the GPU ({error})") from error
        return sum(len(processes) for processes in running)

    def _chosen(self, devices: Sequence[int | str] | None) -> Sequence[int | str]:
        if devices is not None:
            return devices
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            return range(int(self._nvml.nvmlDeviceGetCount()))
        names = [name.strip() for name in visible.split(",") if name.strip()]
        return [int(name) if name.lstrip("-").isdigit() else name for name in names]

    def _handle(self, device: int | str) -> Any:
        if isinstance(device, int):
            return self._nvml.nvmlDeviceGetHandleByIndex(device)
        if device.startswith("MIG"):
            raise MeterError(
                f"NVML counts whole GPUs, not the slice {device!r}; pass devices=[index of the GPU]"
            )
        return self._nvml.nvmlDeviceGetHandleByUUID(device)


def _pynvml() -> Any:
    try:
        return importlib.import_module("pynvml")
    except ModuleNotFoundError as error:
        raise ImportError(
            "NvmlMeter needs nvidia-ml-py: pip install 'eahas-plugins[meters]'"
        ) from error


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
