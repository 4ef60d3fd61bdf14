"""One meter, several trials at once: each takes its part.

A counter counts everything at once: a machine's counter all its processes, a process's CPU time
all its threads. Each trial takes of every device and stretch of time its part of what was counted,
one n-th while n trials ran. The parts of all trials together are what the device counted, whatever
other devices each of them counts.

Of CPU packages and memory each takes as much as its process has used cores, and of a GPU little if
only others compute on it. A trial says so at its readings, and it holds from the next one on, for
all alike: so the parts still add up.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from eahas_plugins.energy.cores_used import CoresUsed
from eahas_plugins.energy.counter import read_again, read_twice
from eahas_plugins.energy.meter_argument import answer_of, check_meter
from eahas_plugins.energy.readings import (
    OWN_PROCESS,
    EnergyMeter,
    MeterError,
    Provenance,
    Reading,
    by_device,
    fallen_devices,
    ids_of,
)
from eahas_plugins.energy.roster import Membership, Roster
from eahas_plugins.energy.roster_entry import Activity

_BY_CPU_TIME = ("cpu:", "memory:")  # devices whose energy goes with the CPU time of its users
_ELSEWHERE = 1e-3  # weight of a trial whose processes do not compute on a GPU on which others do


def shared_fraction(
    start_s: float,
    end_s: float,
    others: Iterable[Activity],
    *,
    owner: str | None = None,
    weight: float | None = None,
    within: Sequence[str] = (),
) -> float:
    """Return a trial's part of what was counted from ``start_s`` to ``end_s``.

    Example:
        >>> other = Activity(start_s=5.0, end_s=None)
        >>> shared_fraction(0.0, 10.0, [other])  # alone for 5 s, then half
        0.75

    Args:
        start_s: Start of the stretch, seconds.
        end_s: Its end, seconds. Power is taken as constant in between.
        others: What other trackers did; several activities of one owner are one trial, with the
            sum of their weights.
        owner: The trial's own name.
        weight: How much the trial uses what was counted; None, as the weight of all whose use is
            not known: 1.
        within: Owners that the trial is a part of: its part is theirs, too. What is inside a trial
            has together what the trial has, which is more than they are known to use if it is.
    """
    if not end_s > start_s:
        return 1.0
    own = _OWN if owner is None else owner
    spans: list[tuple[float, float, object, float | None, Sequence[str]]] = [
        (start_s, end_s, own, weight, within)
    ]
    for i, other in enumerate(others):
        first = max(other.start_s, start_s)
        last = end_s if other.end_s is None else min(other.end_s, end_s)
        if last > first:
            spans.append((first, last, other.owner or i, other.weight, other.within))
    edges = sorted({edge for a, b, *_ in spans for edge in (a, b)})
    own_s = 0.0
    for first, last in pairwise(edges):
        weights: dict[object, list[float]] = {}
        outside: dict[object, set[object]] = {}
        for a, b, who, w, names in spans:
            if a <= first and last <= b:
                weights.setdefault(who, []).extend([] if w is None else [w])
                outside.setdefault(who, set()).update(names)
        around = {
            name
            for who, names in outside.items()
            for name in names
            if name in weights and who not in outside[name]
        }
        used = {
            who: sum(known) if known else 1.0 for who, known in weights.items() if who not in around
        }
        for who in sorted(around, key=lambda name: -len(outside[name])):  # the innermost first
            inside = [one for one in used if who in outside[one]]
            more = sum(weights[who]) / (sum(used[one] for one in inside) or math.inf)
            for one in inside:
                used[one] *= max(1.0, more)
        mine = [who for who in used if who == own or own in outside[who]]
        own_s += (last - first) * sum(used[who] for who in mine) / sum(used.values())
    return own_s / (end_s - start_s)


def _fraction(
    last: Reading, now: Reading, membership: Membership, device: str, others: Sequence[Activity]
) -> float:
    """Return a trial's part of what a device counted between two readings.

    Where the counter stood when the others came and went says it exactly. Without that, or if a
    counter began anew in between, power is taken as constant.
    """
    part = partial(
        shared_fraction,
        owner=membership.owner,
        weight=membership.weight(device),
        within=membership.within,
    )
    times = (last.monotonic_s, now.monotonic_s)
    stood, stands = last.counters.get(device), now.counters.get(device)
    if stood is not None and stands is not None:
        by_counter = [_on_counter(other, times, (stood, stands)) for other in others]
        known = [other for other in by_counter if other is not None]
        if len(known) == len(others):
            return part(stood, stands, known)
    return part(*times, others)


def _on_counter(
    other: Activity, times: tuple[float, float], counters: tuple[float, float]
) -> Activity | None:
    """Return an activity in states of the counter instead of seconds; None if they do not fit."""
    if other.start_at is None or (other.end_at is None) != (other.end_s is None):
        return None
    for s, at in ((other.start_s, other.start_at), (other.end_s, other.end_at)):
        if s is None or at is None:
            continue
        before, after = at <= counters[0], at >= counters[1]
        if (s < times[0] and not before) or (s > times[1] and not after):
            return None
        if times[0] < s < times[1] and not counters[0] <= at <= counters[1]:
            return None
    return replace(other, start_s=other.start_at, end_s=other.end_at)


_OWN = object()


class Share:
    """One trial's part of a meter: itself a meter, that starts at 0 kWh.

    Args:
        meter: The meter that all share.
        roster: Who shares its devices; by default all trials of this machine, or of this process
            where a device is the process's own.
        owner: The trial, if it has more trackers than this one, by a name that they share: none
            of them is another trial to the others, and each counts what the trial gets.
        within: Owners in this process that it is a part of; those around the process are known.

    Raises:
        MeterError: If the meter does not answer.
    """

    def __init__(
        self,
        meter: EnergyMeter,
        *,
        roster: Roster | None = None,
        owner: str | None = None,
        within: Sequence[str] = (),
    ) -> None:
        check_meter(meter, auto=False)
        self._meter = meter
        self._lock = threading.Lock()  # threads that train one trial share it
        self._last, _ = read_twice(partial(answer_of, meter))  # a counter may just have begun anew
        fallen_devices(self._last, self._last)  # a number that is none is found out here
        self._kwh = {
            device: dict.fromkeys(parts, 0.0) for device, parts in by_device(self._last).items()
        }
        self._cores = CoresUsed()
        self._shared: set[str] = set()
        self._counted = dict.fromkeys(self._kwh, 0.0)
        self._start_s = self._last.monotonic_s
        self._total = self._reading(self._last, None if self._last.cpu_s is None else 0.0)
        self._membership = (Roster() if roster is None else roster).join(
            self._last.monotonic_s,
            devices=ids_of(meter.provenance),
            counters=self._last.counters,
            owner=owner,
            within=within,
        )
        # Whoever forgets to leave must not take a part of later trials.
        weakref.finalize(self, self._membership.leave).atexit = False

    @property
    def provenance(self) -> Provenance:
        """What the shared meter is."""
        return self._meter.provenance

    def read(self) -> Reading:
        """Read this trial's part.

        Raises:
            MeterError: If the meter does not answer or what it tells is no number, and the next
                reading makes up for it; or once after a counter ran backwards.
        """
        with self._lock:
            total = self._take()
            self._say_how_much()
            self._membership.seen(total.monotonic_s, self._last.counters)
            return total

    def leave(self) -> Reading:
        """Read a last time and give up the part, also if the meter does not answer.

        Raises:
            MeterError: If it does not, twice.
        """
        with self._lock:
            try:
                return read_again(self._take)
            finally:
                self._cores.end()
                self._membership.leave(self._last.monotonic_s, self._last.counters)

    @property
    def latest(self) -> Reading:
        """What was last read, without asking the meter."""
        return self._total

    def standing_still(self) -> tuple[str, ...]:
        """Return the devices that have counted nothing, by all their users together."""
        if self._last.monotonic_s - self._start_s < max(1.0, 10.0 * self.provenance.resolution_s):
            return ()
        return tuple(device for device, kwh in self._counted.items() if not kwh > 0.0)

    def _take(self) -> Reading:
        now = answer_of(self._meter)
        last, before = self._last, by_device(self._last)
        fallen = fallen_devices(last, now)
        others = self._membership.others()
        self._shared = {device for device, found in others.items() if found}
        fractions = {}
        for device, parts in by_device(now).items():
            fraction = fractions[device] = _fraction(
                last, now, self._membership, device, others.get(device, [])
            )
            own = self._kwh.setdefault(device, {})
            new = device in fallen or device not in before
            earlier = parts if new else before[device]  # what is new starts to count now
            for part, kwh in parts.items():
                step_kwh = kwh - earlier.get(part, 0.0)
                own[part] = own.get(part, 0.0) + fraction * step_kwh
                self._counted[device] = self._counted.get(device, 0.0) + step_kwh
        cpu_s = None
        if now.cpu_s is not None and last.cpu_s is not None and self._total.cpu_s is not None:
            # CPU seconds are the process's own, and so shared as its own device is.
            own_device = next((d for d in fractions if d.startswith(OWN_PROCESS)), None)
            fraction = 1.0 if own_device is None else fractions[own_device]
            cpu_s = self._total.cpu_s + fraction * (now.cpu_s - last.cpu_s)
        self._last = now
        self._total = self._reading(now, cpu_s)
        if fallen:
            raise MeterError(
                f"the counter of {', '.join(fallen)} ran backwards and what it counted since the "
                "last reading is lost; the next reading goes on"
            )
        return self._total

    def _say_how_much(self) -> None:
        """Tell who shares with this trial how much it has used, if that has changed."""
        now_s = self._last.monotonic_s
        counters = {d: at for d, at in self._last.counters.items() if d in self._shared}
        by_cpu_time = {d: at for d, at in counters.items() if d.startswith(_BY_CPU_TIME)}
        users = {d: self._last.users[d] for d in counters if d in self._last.users}
        cores = self._cores.since_last() if by_cpu_time or users else None
        if cores is not None and by_cpu_time:
            self._membership.change(now_s, by_cpu_time, weight=cores)
        for device, ask in users.items():
            pids = ask()
            # In a container the driver may tell ids of the machine, which mean nothing there.
            if not pids or not all(Path(f"/proc/{pid}").exists() for pid in pids):
                continue
            weight = 1.0 if self._cores.own_processes() & pids else _ELSEWHERE
            if weight != self._membership.weight(device):
                self._membership.change(now_s, {device: counters[device]}, weight=weight)

    def _reading(self, now: Reading, cpu_s: float | None) -> Reading:
        return Reading.of_devices(
            {device: dict(parts) for device, parts in self._kwh.items()},
            monotonic_s=now.monotonic_s,
            provenance=now.provenance,
            cpu_s=cpu_s,
        )
