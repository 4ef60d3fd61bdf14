"""NVIDIA GPUs: the total-energy counter of the driver, or its power."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from eahas_plugins.energy.counter import tell_of
from eahas_plugins.energy.nvml_gpu import NvmlGpu, text_of
from eahas_plugins.energy.readings import MeterError, Provenance, Reading
from eahas_plugins.energy.synchronize import wait_for_gpu
from eahas_plugins.energy.visible import order_is_by_speed, visible_gpus
from eahas_plugins.units import J_PER_KWH

_STATE = (  # the numbers are NVML's: NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU
    ("sm_clock_mhz", "nvmlDeviceGetClockInfo", (1,), 1.0),
    ("memory_clock_mhz", "nvmlDeviceGetClockInfo", (2,), 1.0),
    ("temperature_c", "nvmlDeviceGetTemperature", (0,), 1.0),
    ("watts", "nvmlDeviceGetPowerUsage", (), 1e-3),
)

_log = logging.getLogger(__name__)


class NvmlMeter:
    """Energy of whole NVIDIA GPUs, as their driver counts it (Volta and later).

    The counter covers the board, memory included, and everything that runs on it. It is updated
    every 20-100 ms (PETSc's manual on the same counter): less cannot be told apart. Of a GPU
    without the counter the power is sampled every 0.1 s and summed up, and the kind becomes
    ``estimated``. GPU work is asynchronous: a reading waits for it where PyTorch or CuPy runs;
    with other libraries read after something has waited, such as ``block_until_ready()``.

    Args:
        devices: Indices (in ``nvidia-smi`` order) or UUIDs of the GPUs to count. By default those
            named by ``CUDA_VISIBLE_DEVICES``, else all; what of those cannot be counted is left
            out and named in ``provenance.left_out``.
        nvml: The module ``pynvml`` or a stand-in for it.

    Raises:
        ImportError: If ``nvidia-ml-py`` is not installed.
        MeterError: If there is no driver, no GPU, or none of them (one that was asked for)
            can be counted.
        ValueError: If ``devices`` names a GPU twice, or holds what is neither a number nor a UUID.
    """

    def __init__(self, devices: Sequence[int | str] | None = None, *, nvml: Any = None) -> None:
        if devices is not None:
            _check_devices(devices)
        self._stand_in = nvml
        self._nvml = _pynvml() if nvml is None else nvml
        left_out: list[str] = []
        try:
            self._nvml.nvmlInit()
            if devices is None:
                self._gpus = self._visible(left_out)
            else:
                self._gpus = [
                    NvmlGpu(self._nvml, self._handle(device), time.monotonic())
                    for device in devices
                ]
        except self._nvml.NVMLError as error:
            raise MeterError(
                f"NVML found no GPU to meter ({error}); check that `nvidia-smi` lists it, or "
                "choose another meter"
            ) from error
        if not self._gpus:
            reasons = f" ({'; '.join(left_out)})" if left_out else ""
            raise MeterError(f"NVML lists no GPU to meter{reasons}; choose another meter")
        ids = tuple(gpu.id for gpu in self._gpus)
        if len(set(ids)) < len(ids):
            raise ValueError(f"devices must name each GPU once but got {list(devices or ())}")
        if sliced := [gpu.name for gpu in self._gpus if gpu.is_sliced()]:
            _log.warning(
                "%s is cut into slices (MIG) and has one counter: what all slices use is counted, "
                "also those that others use.",
                ", ".join(sliced),
            )
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._pid = os.getpid()
        kinds = {gpu.kind for gpu in self._gpus}
        self._provenance = Provenance(
            kind="measured" if kinds == {"measured"} else "estimated",
            meter="nvml",
            sampling="; ".join(dict.fromkeys(gpu.sampling for gpu in self._gpus)),
            scope="machine",
            devices=tuple(gpu.name for gpu in self._gpus),
            resolution_s=0.1,
            device_ids=ids,
            left_out=tuple(left_out),
        )

    def __reduce__(self) -> tuple[Callable[..., NvmlMeter], tuple[list[str]]]:
        """Travel to another process as a new meter of the same GPUs."""
        return partial(NvmlMeter, nvml=self._stand_in), ([gpu.uuid for gpu in self._gpus],)

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read the counters.

        Raises:
            MeterError: If no GPU answers, or once after its counter began anew; the next
                reading goes on from there.
        """
        wait_for_gpu()
        if os.getpid() != self._pid:  # a lock that was held does not survive a fork
            self._pid, self._lock = os.getpid(), threading.Lock()
        reset, lost = [], []
        with self._lock:
            monotonic_s = time.monotonic()
            for gpu in self._gpus:
                try:
                    if gpu.advance(monotonic_s):
                        reset.append(gpu.name)
                except Exception as error:  # NVML's own, the driver's, or a value that is none
                    lost.append((gpu, error))
            devices = {gpu.id: {"gpu": gpu.total_j / J_PER_KWH} for gpu in self._gpus}
            counters = {gpu.id: gpu.stands_at_mj for gpu in self._gpus if gpu.kind == "measured"}
        for gpu, _ in lost:
            gpu.find_again()
        if len(lost) == len(self._gpus):
            gpu, problem = lost[0]
            raise MeterError(
                f"the counter of {gpu.name} does not answer ({problem}); choose another meter"
            ) from problem
        tell_of(lost, reset=reset, told=self._told)
        return Reading.of_devices(
            devices,
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            counters=counters,
            users={gpu.id: gpu.users for gpu in self._gpus},
        )

    def describe(self) -> dict[str, Any]:
        """What tells one GPU's numbers from another's: name, driver, and power limit if it tells.

        Units: W.
        """
        names = [text_of(self._nvml.nvmlDeviceGetName(gpu.handle)) for gpu in self._gpus]
        found: dict[str, Any] = {"gpu": ", ".join(names)}
        with contextlib.suppress(self._nvml.NVMLError):
            found["driver"] = text_of(self._nvml.nvmlSystemGetDriverVersion())
        with contextlib.suppress(self._nvml.NVMLError):  # some boards have no limit to tell
            limits_mw = [self._nvml.nvmlDeviceGetPowerManagementLimit(g.handle) for g in self._gpus]
            found["power_limit_watts"] = sum(limits_mw) / 1000.0
        return found

    def state(self) -> dict[str, float]:
        """Clocks, temperature and power of the first GPU at this moment, as far as it tells.

        Units: MHz, degrees Celsius, W.
        """
        found = {}
        for name, function, arguments, scale in _STATE:
            with contextlib.suppress(self._nvml.NVMLError, AttributeError, TypeError):
                value = getattr(self._nvml, function)(self._gpus[0].handle, *arguments)
                found[name] = float(value) * scale
        return found

    def process_ids(self) -> frozenset[int]:
        """The ids of the processes that compute on these GPUs, as far as this one may see them.

        In a container they may be those of the machine outside it.

        Raises:
            MeterError: If the driver does not tell.
        """
        try:
            running = [
                self._nvml.nvmlDeviceGetComputeRunningProcesses(gpu.handle) for gpu in self._gpus
            ]
        except self._nvml.NVMLError as error:
            raise MeterError(f"NVML does not tell who uses the GPU ({error})") from error
        return frozenset(int(process.pid) for processes in running for process in processes)

    def _visible(self, left_out: list[str]) -> list[NvmlGpu]:
        """Return what can be counted of the GPUs that a training here would use."""
        handles, names, uuids = [], [], []
        for index in range(int(self._nvml.nvmlDeviceGetCount())):
            try:
                handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
                uuid = text_of(self._nvml.nvmlDeviceGetUUID(handle))
                name = text_of(self._nvml.nvmlDeviceGetName(handle))
            except Exception as error:  # a GPU that has fallen off the bus
                handle, uuid, name = None, "", f"GPU {index} ({error})"
            handles.append(handle)
            uuids.append(uuid)
            names.append(name)
        if order_is_by_speed(names):
            _log.warning(
                "CUDA_VISIBLE_DEVICES has numbers and the GPUs differ (%s): CUDA may number them "
                "by speed, and another GPU than the one that trains would be counted; set "
                "CUDA_DEVICE_ORDER=PCI_BUS_ID.",
                ", ".join(names),
            )
        if os.environ.get("CUDA_VISIBLE_DEVICES", "").startswith("MIG"):
            left_out.append("slices of a GPU (MIG): NVML counts whole GPUs; pass devices=[index]")
        gpus = []
        for index in visible_gpus(uuids):
            if handles[index] is None:
                left_out.append(names[index])
                continue
            try:
                gpus.append(NvmlGpu(self._nvml, handles[index], time.monotonic()))
            except Exception as error:  # one broken GPU does not cost the others
                left_out.append(f"{names[index]}: {error}")
        return gpus

    def _handle(self, device: int | str) -> Any:
        if isinstance(device, int):
            return self._nvml.nvmlDeviceGetHandleByIndex(device)
        if device.startswith("MIG"):
            raise MeterError(
                f"NVML counts whole GPUs, not the slice {device!r}; pass devices=[index of the GPU]"
            )
        return self._nvml.nvmlDeviceGetHandleByUUID(device)


def _check_devices(devices: Sequence[int | str]) -> None:
    """Refuse what names no GPU.

    Raises:
        ValueError: Unless it is a list of whole numbers and UUIDs.
    """
    listed = isinstance(devices, Sequence) and not isinstance(devices, str | bytes)
    if not listed or not all(
        isinstance(device, int | str)
        and not isinstance(device, bool)
        and not (isinstance(device, str) and device.strip().isdecimal())
        for device in devices
    ):
        raise ValueError(
            "devices must be a list of numbers and UUIDs, such as [0, 'GPU-5cf8...'], but got "
            f"{devices!r}"
        )


def _pynvml() -> Any:
    try:
        return importlib.import_module("pynvml")
    except ModuleNotFoundError as error:
        raise ImportError(
            "NvmlMeter needs nvidia-ml-py: pip install 'eahas-plugins[meters]'"
        ) from error
