"""Which meter to take on this machine, and why."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from eahas_plugins.energy.codecarbon_meter import CodecarbonMeter
from eahas_plugins.energy.cpu_time import CpuTimeMeter
from eahas_plugins.energy.nvml import NvmlMeter
from eahas_plugins.energy.rapl import RaplMeter
from eahas_plugins.energy.readings import EnergyMeter, MeterError
from eahas_plugins.energy.whole import SumMeter
from eahas_plugins.energy.zeus_meter import ZeusMeter

WATTS_PER_CORE = 10.0
"""What a core is taken to draw where nothing can be measured, W: between 3 W (a core of a large
server CPU) and 30 W (a desktop core that boosts)."""

_PARTIAL = "parts without a counter are left out"

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_chosen: dict[int, MeterChoice] = {}


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
    """Return the best meter of this machine, and why it is that one.

    In this order: GPU and CPU counters together (NVML and RAPL), one of the two, whatever Zeus
    can read, and last an estimate: CodeCarbon on systems other than Linux, on Linux the CPU time
    of this process and its children at 10 W per core.

    CodeCarbon is not taken on Linux: where it measures, RAPL does, which is asked before it. Else
    it goes by nominal power for the processor and 10-20 W for memory whatever runs, so it counts
    idle time and neighbours, and it takes seconds to start. CPU time follows this training alone.
    """
    counters: list[EnergyMeter] = []
    why: list[str] = []
    for name, make in (("NVML", NvmlMeter), ("RAPL", RaplMeter)):
        meter = _try(name, make, why)
        if meter is not None:
            counters.append(meter)
    if len(counters) > 1:
        return MeterChoice(meter=SumMeter(counters), why=(*why, "GPU and CPU are counted"))
    if counters:
        return MeterChoice(meter=counters[0], why=(*why, _PARTIAL))
    others: list[tuple[str, Callable[[], EnergyMeter]]] = [("Zeus", ZeusMeter)]
    if sys.platform != "linux":
        others.append(("CodeCarbon", CodecarbonMeter))
    for name, make_other in others:
        meter = _try(name, make_other, why)
        if meter is not None:
            return MeterChoice(meter=meter, why=tuple(why))
    try:
        estimate = CpuTimeMeter(
            watts_per_core=WATTS_PER_CORE, idle_watts=0.0, include_children=True
        )
    except OSError as error:
        why.append(f"no child processes ({error})")
        estimate = CpuTimeMeter(watts_per_core=WATTS_PER_CORE, idle_watts=0.0)
    why.append(f"nothing can be measured here: CPU time x {WATTS_PER_CORE:g} W, an estimate")
    return MeterChoice(meter=estimate, why=tuple(why))


def auto_meter() -> EnergyMeter:
    """Return the best meter of this machine: one per process, chosen and logged once."""
    with _lock:
        choice = _chosen.get(os.getpid())
        if choice is None:
            choice = choose_meter()
            level = logging.INFO
            if choice.meter.provenance.kind == "estimated" or _PARTIAL in choice.why:
                level = logging.WARNING
            _log.log(
                level,
                "Energy is %s by %s: %s.",
                choice.meter.provenance.kind,
                choice.meter.provenance.meter,
                "; ".join(choice.why),
            )
            _chosen.clear()  # what a forked process inherits is not its own
            _chosen[os.getpid()] = choice
        return choice.meter


def _try(name: str, make: Callable[[], EnergyMeter], why: list[str]) -> EnergyMeter | None:
    try:
        meter = make()
    except (MeterError, ImportError) as error:
        why.append(f"no {name} ({error})")
        return None
    why.append(f"{name} counts {', '.join(meter.provenance.devices)}")
    return meter
