"""The explicit estimate: CPU seconds times watts, for machines without a counter."""

import contextlib
import os
import time
from pathlib import Path

from eahas_plugins.energy.readings import JOULES_PER_KWH, Provenance, Reading


class CpuTimeMeter:
    """Estimate of a process's energy from its CPU time. Always says ``estimated``.

    Energy = ``watts_per_core`` x CPU seconds + ``idle_watts`` x elapsed seconds. CPU seconds are
    those of all threads of this process, so another process on the machine does not disturb them.

    Example:
        >>> from eahas_plugins.energy import CpuTimeMeter
        >>> meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=5.0)
        >>> meter.provenance.kind
        'estimated'

    Args:
        watts_per_core: Power of one busy core above idle, W. Positive.
        idle_watts: Power drawn however little is computed, W. Not negative. It is charged to
            this process alone: with several at once, give each its part.
        include_children: Also count the processes started by this one (data loaders, joblib
            workers). The living ones are found in ``/proc``, in steps of a clock tick (10 ms).
            Leave it off where those processes have meters of their own.

    Raises:
        ValueError: If a power is out of range (NaN included).
        OSError: If ``include_children`` is asked for where there is no ``/proc``.
    """

    def __init__(
        self, *, watts_per_core: float, idle_watts: float, include_children: bool = False
    ) -> None:
        if not 0.0 < watts_per_core < float("inf"):
            raise ValueError(f"watts_per_core must be positive and finite but got {watts_per_core}")
        if not 0.0 <= idle_watts < float("inf"):
            raise ValueError(f"idle_watts must be at least 0 and finite but got {idle_watts}")
        self._watts_per_core = float(watts_per_core)
        self._idle_watts = float(idle_watts)
        self._include_children = include_children
        self._highest_cpu_s = 0.0
        if include_children:
            living_descendants_cpu_s(os.getpid())
        self._provenance = Provenance(
            kind="estimated",
            meter=f"cpu-time({watts_per_core:g} W/core, {idle_watts:g} W idle)",
            sampling="CPU time of the process"
            + (" and its descendants" if include_children else "")
            + " at every reading",
            scope="process",
            devices=("cpu",),
        )

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read CPU and elapsed time and turn them into energy."""
        monotonic_s = time.monotonic()
        cpu_s = time.process_time()
        if self._include_children:
            times = os.times()
            cpu_s += times.children_user + times.children_system
            cpu_s += living_descendants_cpu_s(os.getpid())
        # A descendant that is orphaned takes its time with it; what was counted stays counted.
        cpu_s = self._highest_cpu_s = max(cpu_s, self._highest_cpu_s)
        joules = self._watts_per_core * cpu_s + self._idle_watts * monotonic_s
        energy_kwh = joules / JOULES_PER_KWH
        return Reading(
            energy_kwh=energy_kwh,
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            parts_kwh={"cpu": energy_kwh},
            cpu_s=cpu_s,
        )


def living_descendants_cpu_s(pid: int) -> float:
    """Return the CPU seconds of all living descendants of a process, their dead ones included."""
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        raise OSError(
            "children are counted through the kernel's /proc/PID/task/TID/children, which is not "
            "there; use include_children=False"
        )
    pending, ticks = _children(pid), 0
    while pending:
        child = pending.pop()
        fields = _stat(child)
        if fields is not None:
            ticks += sum(int(value) for value in fields[11:15])  # utime stime cutime cstime
            pending.extend(_children(child))
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    """Return the direct children; the kernel lists them per thread that started them."""
    children: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the thread has ended
            children.extend(int(child) for child in listing.read_text().split())
    return children


def _stat(pid: int) -> list[str] | None:
    """Return the fields after the command's name, which may hold spaces and parentheses."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # ended while we were looking
        return None
