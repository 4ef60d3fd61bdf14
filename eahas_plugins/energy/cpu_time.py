"""The explicit estimate: CPU seconds times watts, for machines without a counter."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from eahas_plugins.arguments import check_not_negative, check_positive
from eahas_plugins.energy.process_tree import ProcessTree
from eahas_plugins.energy.readings import OWN_PROCESS, Provenance, Reading
from eahas_plugins.units import J_PER_KWH

CPU_ESTIMATE = f"{OWN_PROCESS}cpu"


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
            What was seen of one stays counted when it ends, also if nobody waits for it; one that
            outlives its parent is no longer followed. Leave it off where those processes have
            meters of their own.

    Raises:
        ValueError: If a power is out of range (NaN included).
        OSError: If ``include_children`` is asked for where there is no ``/proc``.
    """

    def __init__(
        self, *, watts_per_core: float, idle_watts: float, include_children: bool = False
    ) -> None:
        check_positive(watts_per_core=watts_per_core)
        check_not_negative(idle_watts=idle_watts)
        self._watts_per_core = float(watts_per_core)
        self._idle_watts = float(idle_watts)
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._tree = ProcessTree() if include_children else None
        self._before_fork_s = 0.0
        self._latest_s = 0.0
        self._provenance = Provenance(
            kind="estimated",
            meter=f"cpu-time({watts_per_core:g} W/core, {idle_watts:g} W idle)",
            sampling="CPU time of the process"
            + (" and its descendants" if include_children else "")
            + " at every reading",
            scope="process",
            devices=("cpu",),
            device_ids=(CPU_ESTIMATE,),
        )

    def __reduce__(self) -> tuple[Callable[..., CpuTimeMeter], tuple[float, float, bool]]:
        """Travel to another process as a new meter: what this process used is not that one's."""
        return _make, (self._watts_per_core, self._idle_watts, self._tree is not None)

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read CPU and elapsed time and turn them into energy."""
        if os.getpid() != self._pid:  # a forked process starts at 0 and has no children yet
            self._pid, self._lock = os.getpid(), threading.Lock()
            self._tree = None if self._tree is None else ProcessTree()
            self._before_fork_s = self._latest_s
        with self._lock:
            monotonic_s = time.monotonic()
            cpu_s = self._before_fork_s + time.process_time()
            if self._tree is not None:
                cpu_s += self._tree.children_s()
            self._latest_s = cpu_s
        joules = self._watts_per_core * cpu_s + self._idle_watts * monotonic_s
        return Reading.of_devices(
            {CPU_ESTIMATE: {"cpu": joules / J_PER_KWH}},
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            cpu_s=cpu_s,
            counters={CPU_ESTIMATE: cpu_s} if self._idle_watts == 0.0 else {},
        )


def _make(watts_per_core: float, idle_watts: float, include_children: bool) -> CpuTimeMeter:
    return CpuTimeMeter(
        watts_per_core=watts_per_core, idle_watts=idle_watts, include_children=include_children
    )
