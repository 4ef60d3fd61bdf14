"""Counters that the Zeus library reads: NVIDIA and AMD GPUs, RAPL also in containers, SoCs."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eahas_plugins.energy.power import PowerIntegral
from eahas_plugins.energy.rapl import rapl_is_readable
from eahas_plugins.energy.readings import Kind, MeterError, Provenance, Reading
from eahas_plugins.energy.synchronize import wait_for_gpu
from eahas_plugins.units import J_PER_KWH

_SOC_PARTS_MJ = {
    # What Zeus 0.16 counts of a system on a chip, without what lies in another of these.
    "cpu": ("cpu_total_mj", "cpu_energy_mj"),
    "gpu": ("gpu_mj", "gpu_sram_mj", "gpu_energy_mj"),
    "memory": ("dram_mj",),
    "npu": ("ane_mj",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Device:
    id: str
    name: str
    read_mj: Callable[[], dict[str, float]]
    kind: Kind = "measured"


class ZeusMeter:
    """Energy of all GPUs, CPU packages and systems on a chip that Zeus finds (0.12 or later).

    Reads the device counters behind ``ZeusMonitor``. The monitor itself answers 0 J where it finds
    no device; this meter raises. What it finds and cannot count is named in
    ``provenance.left_out``. Apple silicon and Jetson boards were tried with stand-ins only.

    Args:
        cpus: Whether to count CPU packages. By default only where `RaplMeter` finds none: Zeus
            starts a process that watches the counters for wrap-around, so that a program must
            make this meter under ``if __name__ == "__main__":`` or in a function.
        devices: The module ``zeus.device`` or a stand-in for it.

    Raises:
        ImportError: If ``zeus`` is not installed.
        MeterError: If Zeus finds no device with an energy counter.
    """

    def __init__(self, *, cpus: bool | None = None, devices: Any = None) -> None:
        library = _zeus_device() if devices is None else devices
        cpus = not rapl_is_readable() if cpus is None else cpus
        self._devices: list[_Device] = []
        left_out: list[str] = []
        reasons = []
        for kind, find in (("GPU", _gpus), ("CPU", _cpus), ("SoC", _socs)):
            if kind == "CPU" and not cpus:
                continue
            try:
                found = find(library, left_out)
                reasons.append(f"{kind}: none has a counter")
            except Exception as error:  # Zeus raises its own for no driver, no rights, no device
                found = []
                reasons.append(f"{kind}: {type(error).__name__}: {error}")
            self._devices += found
        if not self._devices:
            raise MeterError(
                f"Zeus found no energy counter ({'; '.join([*reasons, *left_out])}); run "
                "`python -m zeus.show_env`, or choose another meter"
            )
        self._lock = threading.Lock()
        kinds = {device.kind for device in self._devices}
        self._provenance = Provenance(
            kind="measured" if kinds == {"measured"} else "estimated",
            meter="zeus",
            sampling="device counters at every reading"
            + "; power summed up where there is none" * ("estimated" in kinds),
            scope="machine",
            devices=tuple(device.name for device in self._devices),
            resolution_s=0.1,
            device_ids=tuple(device.id for device in self._devices),
            left_out=tuple(left_out),
        )

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read the counters.

        Raises:
            MeterError: If one no longer answers.
        """
        wait_for_gpu()
        with self._lock:
            monotonic_s = time.monotonic()
            try:
                counted_mj = {device.id: device.read_mj() for device in self._devices}
            except Exception as error:  # every backend of Zeus has its own
                raise MeterError(f"a counter of Zeus no longer answers ({error})") from error
        return Reading.of_devices(
            {
                device: {part: mj / 1000.0 / J_PER_KWH for part, mj in parts.items()}
                for device, parts in counted_mj.items()
            },
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            counters={
                device.id: sum(counted_mj[device.id].values())
                for device in self._devices
                if device.kind == "measured"  # a sum of samples begins in this process
            },
        )


def _gpus(library: Any, left_out: list[str]) -> list[_Device]:
    gpus = library.get_gpus()
    asks = hasattr(gpus, "supports_get_total_energy_consumption")
    found = []
    for i in range(len(gpus)):
        try:
            name = str(gpus.get_name(i))
            has_counter = not asks or gpus.supports_get_total_energy_consumption(i)
        except Exception as error:  # one broken GPU does not cost the others
            left_out.append(f"GPU {i}: {type(error).__name__}: {error}")
            continue

        read_mj = _energy_of(gpus, i) if has_counter else _integral_of(gpus, i)
        if read_mj is None:
            left_out.append(f"{name} (GPU {i}): neither energy nor power can be read")
            continue
        found.append(
            _Device(
                id=f"gpu:zeus {_index(gpus, i)}",
                name=name,
                read_mj=read_mj,
                kind="measured" if has_counter else "estimated",
            )
        )
    return found


def _energy_of(gpus: Any, i: int) -> Callable[[], dict[str, float]]:
    return lambda: {"gpu": float(gpus.get_total_energy_consumption(i))}


def _integral_of(gpus: Any, i: int) -> Callable[[], dict[str, float]] | None:
    """Return the sum of many samples of the power; None if it cannot be read."""
    try:
        integral = PowerIntegral(lambda: float(gpus.get_instant_power_usage(i)) / 1000.0)
    except Exception:  # Zeus raises its own for what a GPU does not support
        return None
    return lambda: {"gpu": 1000.0 * integral.read()}


def _index(gpus: Any, i: int) -> int:
    """Return the number of a GPU on this machine; ``i`` counts those visible to this process."""
    one = getattr(gpus, "gpus", None)
    return int(getattr(one[i], "gpu_index", i)) if one else i


def _cpus(library: Any, left_out: list[str]) -> list[_Device]:
    cpus = library.get_cpus()

    def device(i: int) -> _Device:
        def read_mj() -> dict[str, float]:
            counted = cpus.get_total_energy_consumption(i)
            parts = {"cpu": float(counted.cpu_mj)}
            if counted.dram_mj is not None:
                parts["memory"] = float(counted.dram_mj)
            return parts

        return _Device(id=f"cpu:package-{i}", name=f"CPU package {i}", read_mj=read_mj)

    return [device(i) for i in range(len(cpus))]


def _socs(library: Any, left_out: list[str]) -> list[_Device]:
    """Return the system on a chip as one device, if this version of Zeus knows any."""
    if not hasattr(library, "get_soc"):
        return []
    soc = library.get_soc()

    def read_mj() -> dict[str, float]:
        return _soc_parts(soc.get_total_energy_consumption())

    if not read_mj():
        left_out.append("system on a chip: Zeus does not tell its energy")
        return []
    return [_Device(id="soc:", name=type(soc).__name__, read_mj=read_mj)]


def _soc_parts(counted: Any) -> dict[str, float]:
    """Return what a measurement of Zeus tells, by part; Jetson's total holds the rest too."""
    parts: dict[str, float] = {}
    for part, fields in _SOC_PARTS_MJ.items():
        known = [getattr(counted, name, None) for name in fields]
        if any(mj is not None for mj in known):
            parts[part] = sum(float(mj) for mj in known if mj is not None)
    total_mj = getattr(counted, "total_energy_mj", None)
    if total_mj is not None:
        parts["other"] = max(0.0, float(total_mj) - sum(parts.values()))
    return parts


def _zeus_device() -> Any:
    try:
        return importlib.import_module("zeus.device")
    except ModuleNotFoundError as error:
        if error.name not in ("zeus", "zeus.device"):
            raise
        raise ImportError(
            "ZeusMeter needs zeus (not zeus-ml): pip install 'eahas-plugins[meters]'"
        ) from error
