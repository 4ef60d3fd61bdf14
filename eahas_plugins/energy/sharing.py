"""One meter, several trials at once: each takes its part.

A counter counts everything at once: a machine's counter all its processes, a process's CPU time
all its threads. Each trial takes of every stretch of time its part of what was counted, one n-th
while n trials ran. The parts of all trials together are what the meter counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from eahas_plugins.energy.readings import EnergyMeter, Provenance, Reading
from eahas_plugins.energy.roster import Activity, Roster


def shared_fraction(start_s: float, end_s: float, others: Iterable[Activity]) -> float:
    """Return a trial's part of what was counted from ``start_s`` to ``end_s``.

    Example:
        >>> other = Activity(start_s=5.0, end_s=None)
        >>> shared_fraction(0.0, 10.0, [other])  # alone for 5 s, then half
        0.75

    Args:
        start_s: Start of the stretch, seconds.
        end_s: Its end, seconds. Power is taken as constant in between.
        others: What the other trials did.
    """
    if not end_s > start_s:
        return 1.0
    spans = []
    for other in others:
        first = max(other.start_s, start_s)
        last = end_s if other.end_s is None else min(other.end_s, end_s)
        if last > first:
            spans.append((first, last))
    edges = sorted({start_s, end_s, *(edge for span in spans for edge in span)})
    own_s = 0.0
    for first, last in pairwise(edges):
        running = 1 + sum(a <= first and last <= b for a, b in spans)
        own_s += (last - first) / running
    return own_s / (end_s - start_s)


class Share:
    """One trial's part of a meter: itself a meter, that starts at 0 kWh.

    Args:
        meter: The meter that all share.
        roster: Who shares it; by default all trials of this machine or process, as the meter's
            scope says.
    """

    def __init__(self, meter: EnergyMeter, *, roster: Roster | None = None) -> None:
        self._meter = meter
        roster = Roster(meter.provenance) if roster is None else roster
        self._last = meter.read()
        self._total = replace(
            self._last,
            energy_kwh=0.0,
            parts_kwh=dict.fromkeys(self._last.parts_kwh, 0.0),
            cpu_s=None if self._last.cpu_s is None else 0.0,
        )
        self._membership = roster.join(self._last.monotonic_s)

    @property
    def provenance(self) -> Provenance:
        """What the shared meter is."""
        return self._meter.provenance

    def read(self) -> Reading:
        """Read this trial's part."""
        return self._take(leave=False)

    def leave(self) -> Reading:
        """Read a last time and give up the part."""
        return self._take(leave=True)

    def _take(self, *, leave: bool) -> Reading:
        now = self._meter.read()
        last, total = self._last, self._total
        fraction = shared_fraction(last.monotonic_s, now.monotonic_s, self._membership.others())
        parts = {
            name: total.parts_kwh.get(name, 0.0) + fraction * (kwh - last.parts_kwh.get(name, 0.0))
            for name, kwh in now.parts_kwh.items()
        }
        cpu_s = None
        if now.cpu_s is not None and last.cpu_s is not None and total.cpu_s is not None:
            cpu_s = total.cpu_s + fraction * (now.cpu_s - last.cpu_s)
        self._total = Reading(
            energy_kwh=total.energy_kwh + fraction * (now.energy_kwh - last.energy_kwh),
            monotonic_s=now.monotonic_s,
            provenance=now.provenance,
            parts_kwh=parts,
            cpu_s=cpu_s,
        )
        self._last = now
        if leave:
            self._membership.leave(now.monotonic_s)
        else:
            self._membership.seen(now.monotonic_s)
        return self._total
