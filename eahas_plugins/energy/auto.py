"""Which meter to take on this machine, and why."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eahas_plugins.energy.codecarbon_meter import CodecarbonMeter
from eahas_plugins.energy.combined import SelectedMeter, SumMeter
from eahas_plugins.energy.cpu_time import CPU_ESTIMATE, CpuTimeMeter
from eahas_plugins.energy.nvml import NvmlMeter
from eahas_plugins.energy.rapl import RaplMeter
from eahas_plugins.energy.readings import EnergyMeter, MeterError
from eahas_plugins.energy.zeus_meter import ZeusMeter

WATTS_PER_CORE = 10.0
"""What a core is taken to draw where nothing can be measured, W: between 3 W (a core of a large
server CPU) and 30 W (a desktop core that boosts)."""

PARTIAL = "parts without a counter are left out"

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_chosen: dict[tuple[int, str | None], MeterChoice] = {}
"""By process and by the GPUs that it shows to what it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterChoice:
    """A meter and the reason for it.

    Args:
        meter: The meter.
        why: What was tried, in order, and what came of it.
    """

    meter: EnergyMeter
    why: tuple[str, ...]


def choose_meter() -> MeterChoice:
    """Return the best meter of this machine, and why it is that one. Never raises.

    In this order: GPU and CPU counters together (NVML and RAPL; what one of them does not find is
    looked for through Zeus), one of the two with an estimate of the CPU beside the GPU, whatever
    Zeus can read, and last an estimate alone: CodeCarbon on systems other than Linux, on Linux
    the CPU time of this process and its children at 10 W per core.

    CodeCarbon is not taken on Linux: where it measures, RAPL does, which is asked before it. Else
    it goes by nominal power for the processor and 10-20 W for memory whatever runs, so it counts
    idle time and neighbours, and it takes seconds to start. CPU time follows this training alone.
    """
    why: list[str] = []
    counters = [
        meter
        for name, make in (("NVML", NvmlMeter), ("RAPL", RaplMeter))
        if (meter := _try(name, make, why)) is not None
    ]
    if not (_counts(counters, "gpu") and _counts(counters, "cpu")):
        counters += _from_zeus(counters, why)
    if not counters and sys.platform != "linux":
        meter = _try("CodeCarbon", CodecarbonMeter, why)
        if meter is not None:
            return MeterChoice(meter=meter, why=tuple(why))
    anonymous = any(not meter.provenance.device_ids for meter in counters)
    if not (anonymous or _counts(counters, "cpu") or _counts(counters, "soc")):
        counters.append(_cpu_time(why))
    meter = counters[0]
    if len(counters) > 1:
        meter = SumMeter(counters)
        estimated = meter.provenance.part_kinds.get("cpu") == "estimated"
        why.append(f"GPU and CPU are counted{', the CPU by an estimate' * estimated}")
    why += [f"left out: {what}" for what in meter.provenance.left_out]
    if len(counters) == 1 and meter.provenance.device_ids != (CPU_ESTIMATE,):
        why.append(PARTIAL)
    return MeterChoice(meter=meter, why=tuple(why))


def auto_meter() -> EnergyMeter:
    """Return the best meter of this machine: one per process, chosen and logged once.

    Another one where ``CUDA_VISIBLE_DEVICES`` has become another: each trial may set it for the
    program that it starts.
    """
    key = (os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    with _lock:
        choice = _chosen.get(key)
        if choice is None:
            choice = choose_meter()
            level = logging.INFO
            if choice.meter.provenance.kind == "estimated" or PARTIAL in choice.why:
                level = logging.WARNING
            _log.log(
                level,
                "Energy is %s by %s: %s.",
                choice.meter.provenance.kind,
                choice.meter.provenance.meter,
                "; ".join(choice.why),
            )
            for other in [other for other in _chosen if other[0] != key[0]]:
                del _chosen[other]  # what a forked process inherits is not its own
            _chosen[key] = choice
        return choice.meter


def _try(name: str, make: Callable[[], EnergyMeter], why: list[str]) -> EnergyMeter | None:
    try:
        meter = make()
    except Exception as error:  # whatever a driver or an import does, it is no reason to end
        reason = str(error) or repr(error)
        if not isinstance(error, MeterError | ImportError):
            reason = f"{type(error).__name__}: {error}"
        why.append(f"no {name} ({reason})")
        return None
    why.append(f"{name} counts {', '.join(meter.provenance.devices)}")
    return meter


def _counts(counters: Sequence[EnergyMeter], part: str) -> bool:
    ids = [name for meter in counters for name in meter.provenance.device_ids]
    return any(name.startswith(f"{part}:") for name in ids)


def _from_zeus(counters: Sequence[EnergyMeter], why: list[str]) -> list[EnergyMeter]:
    """Return what Zeus counts and the counters do not."""
    zeus = _try("Zeus", ZeusMeter, why)
    if zeus is None:
        return []
    if not counters:
        return [zeus]
    missing = [part for part in ("gpu", "cpu") if not _counts(counters, part)]
    new = [
        name
        for name in zeus.provenance.device_ids
        if any(name.startswith(f"{part}:") for part in missing)
    ]
    why.append(f"taken from Zeus: {', '.join(new) or 'nothing'}")
    return [SelectedMeter(zeus, new)] if new else []


def _cpu_time(why: list[str]) -> EnergyMeter:
    try:
        estimate = CpuTimeMeter(
            watts_per_core=WATTS_PER_CORE, idle_watts=0.0, include_children=True
        )
    except OSError as error:
        why.append(f"no child processes ({error})")
        estimate = CpuTimeMeter(watts_per_core=WATTS_PER_CORE, idle_watts=0.0)
    why.append(f"no counter of the CPU: CPU time x {WATTS_PER_CORE:g} W, an estimate")
    return estimate
