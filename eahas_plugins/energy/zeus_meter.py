"""Counters that the Zeus library reads: NVIDIA and AMD GPUs, RAPL also in containers, SoCs."""

from __future__ import annotations

import importlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from eahas_plugins.energy.counter import Counter, tell_of
from eahas_plugins.energy.power import PowerIntegral
from eahas_plugins.energy.rapl import rapl_is_readable
from eahas_plugins.energy.readings import Kind, MeterError, Provenance, Reading
from eahas_plugins.energy.synchronize import wait_for_gpu
from eahas_plugins.units import J_PER_KWH

_MAX_WATTS, _SLACK_J = 1e4, 1e4  # of one device
_REST = "other"  # of a system on a chip: its total without the parts that it tells


_SOC_PARTS_MJ = {
    # What Zeus 0.16 counts of a system on a chip, without what lies in another of these.
    "cpu": ("cpu_total_mj", "cpu_energy_mj"),
    "gpu": ("gpu_mj", "gpu_sram_mj", "gpu_energy_mj"),
    "memory": ("dram_mj",),
    "npu": ("ane_mj",),
}


@dataclass(slots=True, kw_only=True)
class _Device:
    id: str
    name: str
    read_mj: Callable[[], dict[str, float]]
    kind: Kind = "measured"
    counters: dict[str, Counter] = field(default_factory=dict)  # by part, from the first reading on

    def advance(self, now_s: float) -> bool:
        """Count up to now; whether a counter began anew since the last time."""
        began_anew = False
        for part, mj in self.read_mj().items():
            if part not in self.counters:
                self.counters[part] = Counter(
                    mj, now_s, per_joule=1e3, max_watts=_MAX_WATTS, slack_j=_SLACK_J
                )
            elif part == _REST:  # a difference of counters, which may fall a little
                self.counters[part].advance(max(mj, self.counters[part].last), now_s)
            else:
                began_anew |= self.counters[part].advance(mj, now_s)
        return began_anew

    def parts_kwh(self) -> dict[str, float]:
        """Return what has been counted."""
        return {part: counter.total / 1000.0 / J_PER_KWH for part, counter in self.counters.items()}

    @property
    def stands_at_mj(self) -> float:
        """Where the counters stand together, as every process sees it."""
        return sum(counter.last for counter in self.counters.values())


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
        self._made_with = {"cpus": cpus, "devices": devices}
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
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._pid = os.getpid()
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

    def __reduce__(self) -> tuple[Callable[[], ZeusMeter], tuple[()]]:
        """Travel to another process as a new meter."""
        return partial(ZeusMeter, **self._made_with), ()

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read the counters. A device that does not answer stands still, and the log says so.

        Raises:
            MeterError: If none answers, or once after a counter began anew; the next reading goes
                on from there.
        """
        wait_for_gpu()
        if os.getpid() != self._pid:  # a lock that was held does not survive a fork
            self._pid, self._lock = os.getpid(), threading.Lock()
        reset, lost = [], []
        with self._lock:
            monotonic_s = time.monotonic()
            for device in self._devices:
                try:
                    if device.advance(monotonic_s):
                        reset.append(device.name)
                except Exception as error:  # every backend of Zeus has its own
                    lost.append((device, error))
            devices = {device.id: device.parts_kwh() for device in self._devices}
            counters = {
                device.id: device.stands_at_mj
                for device in self._devices
                if device.kind == "measured" and device.counters  # a sum of samples begins here
            }
        if len(lost) == len(self._devices):
            _, cause = lost[0]
            raise MeterError(f"a counter of Zeus no longer answers ({cause})") from cause
        tell_of(lost, reset=reset, told=self._told)
        return Reading.of_devices(
            devices, monotonic_s=monotonic_s, provenance=self._provenance, counters=counters
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
        parts[_REST] = max(0.0, float(total_mj) - sum(parts.values()))
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
