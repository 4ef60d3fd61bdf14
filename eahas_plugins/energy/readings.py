"""What every energy meter gives: cumulative readings, and the measurement between two of them.

A meter is a counter that is only ever read. Nothing is opened or closed, so any number of
overlapping trials can take their own two readings from the same meter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Protocol, runtime_checkable

from eahas_plugins.units import J_PER_KWH

UNNAMED = ""
"""Part of a device's energy of which nobody says what it is."""
OWN_PROCESS = "process:"
"""An id of a device that begins so is another device in every process."""

_ROUNDING = 1e-9  # a relative fall that is only that of sums
Kind = Literal["measured", "estimated"]
Users = Callable[[], frozenset[int] | None]
Scope = Literal["process", "machine"]


class MeterError(RuntimeError):
    """The meter found no device, or what it reads cannot be the energy of work done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a reading comes from; stored beside every number.

    Args:
        kind: ``measured`` by a physical counter, or ``estimated`` by a model of the machine.
        meter: Name of the meter, with its version or parameters.
        sampling: How and how often the energy is sampled, in words.
        scope: What is counted: this process alone, or everything that runs on the machine.
        devices: Names of the devices counted.
        resolution_s: Shorter windows than this say nothing, seconds. 0 if there is no limit.
        device_ids: What tells the devices from all others of the machine, such as
            ``gpu:GPU-5cf8...``; an id that begins with ``process:`` is each process's own.
            Empty if the meter is to be taken as one device.
        part_kinds: The kind of each part, where they differ.
        left_out: What works here and is not counted, each with the reason.
    """

    kind: Kind
    meter: str
    sampling: str
    scope: Scope
    devices: tuple[str, ...] = ()
    resolution_s: float = 0.0
    device_ids: tuple[str, ...] = ()
    part_kinds: Mapping[str, Kind] = field(default_factory=dict, hash=False)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """State of a meter at one moment. Only differences between readings mean anything.

    Args:
        energy_kwh: Cumulative energy since an arbitrary zero, kWh. Never falls.
        monotonic_s: ``time.monotonic()`` of the reading, seconds.
        provenance: Where the number comes from.
        parts_kwh: The share of each part (``gpu``, ``cpu``, ``memory``), kWh; unknown parts
            are absent.
        cpu_s: Cumulative CPU seconds, by the meters that count them.
        devices_kwh: What each device has used, by its id and then by part, kWh; together they
            are ``energy_kwh``. Empty if the meter is to be taken as one device.
        counters: Where the counters of the devices stand, from a zero that all processes of the
            machine share (of this process, where the device is), in any unit. What is absent is
            shared by time alone.
        users: What tells the ids of the processes that compute on a device; None: unknown.
    """

    energy_kwh: float
    monotonic_s: float
    provenance: Provenance
    parts_kwh: Mapping[str, float] = field(default_factory=dict)
    cpu_s: float | None = None
    devices_kwh: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)
    users: Mapping[str, Users] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep plain numbers of its own: a meter may go on with its mappings, or give NumPy's."""
        put = partial(object.__setattr__, self)
        put("energy_kwh", float(self.energy_kwh))
        put("monotonic_s", float(self.monotonic_s))
        put("parts_kwh", _plain(self.parts_kwh))
        put("cpu_s", None if self.cpu_s is None else float(self.cpu_s))
        put("devices_kwh", {name: _plain(parts) for name, parts in self.devices_kwh.items()})
        put("counters", _plain(self.counters))

    @classmethod
    def of_devices(
        cls,
        devices_kwh: Mapping[str, Mapping[str, float]],
        *,
        monotonic_s: float,
        provenance: Provenance,
        cpu_s: float | None = None,
        counters: Mapping[str, float] | None = None,
        users: Mapping[str, Users] | None = None,
    ) -> Reading:
        """Return the reading of several devices: total and parts are their sums."""
        parts: dict[str, float] = {}
        for by_part in devices_kwh.values():
            for part, kwh in by_part.items():
                parts[part] = parts.get(part, 0.0) + float(kwh)
        return cls(
            energy_kwh=sum(parts.values()),
            monotonic_s=monotonic_s,
            provenance=provenance,
            parts_kwh={part: kwh for part, kwh in parts.items() if part != UNNAMED},
            cpu_s=cpu_s,
            devices_kwh=devices_kwh,
            counters=counters or {},
            users=users or {},
        )


def _plain(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: float(number) for name, number in numbers.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Energy and time between two readings of one meter.

    Args:
        energy_kwh: Energy, kWh. Positive.
        seconds: Time, seconds.
        provenance: Where the number comes from.
        parts_kwh: The share of each part that is known, kWh.
        cpu_s: CPU seconds, or None if the meter does not count them.
    """

    energy_kwh: float
    seconds: float
    provenance: Provenance
    parts_kwh: Mapping[str, float] = field(default_factory=dict)
    cpu_s: float | None = None

    @property
    def watts(self) -> float:
        """Mean power, W.

        Raises:
            MeterError: If no time has passed.
        """
        if not self.seconds > 0.0:
            raise MeterError(
                f"a mean power needs time to pass but got {self.energy_kwh!r} kWh in "
                f"{self.seconds!r} s; take the readings some time apart"
            )
        return self.energy_kwh * J_PER_KWH / self.seconds


@runtime_checkable
class EnergyMeter(Protocol):
    """A counter of energy. Readings may be taken at any time, by any number of users."""

    @property
    def provenance(self) -> Provenance:
        """What this meter is; it never changes."""
        ...

    def read(self) -> Reading:
        """Read the counter.

        Raises:
            MeterError: If the device no longer answers.
        """
        ...


def ids_of(provenance: Provenance) -> tuple[str, ...]:
    """Return the ids of a meter's devices; a meter that names none is one device."""
    if provenance.device_ids:
        return provenance.device_ids
    prefix = OWN_PROCESS if provenance.scope == "process" else "machine:"
    return (f"{prefix}{provenance.meter} {', '.join(provenance.devices)}".rstrip(),)


def kinds_by_part(provenance: Provenance) -> dict[str, Kind]:
    """Return of each part that a meter's devices name whether it is measured or estimated."""
    kinds: dict[str, Kind] = dict(provenance.part_kinds)
    for name in provenance.device_ids:
        kinds.setdefault(name.removeprefix(OWN_PROCESS).partition(":")[0], provenance.kind)
    return kinds


def names_of(provenance: Provenance) -> dict[str, str]:
    """Return what people call each device, by its id: the id where that is not told."""
    ids = ids_of(provenance)
    if len(ids) == len(provenance.devices):
        return dict(zip(ids, provenance.devices, strict=True))
    whole = ", ".join(provenance.devices)
    return {name: whole if len(ids) == 1 and whole else name for name in ids}


def by_device(reading: Reading) -> Mapping[str, Mapping[str, float]]:
    """Return what each device has used by part, kWh, also of a meter that is one device."""
    if reading.devices_kwh:
        return reading.devices_kwh
    (name,) = ids_of(reading.provenance)[:1]
    rest_kwh = reading.energy_kwh - sum(reading.parts_kwh.values())
    return {name: {**reading.parts_kwh, UNNAMED: rest_kwh}}


def fallen_devices(before: Reading, after: Reading) -> tuple[str, ...]:
    """Return the devices that have counted backwards from one reading to a later one.

    Raises:
        MeterError: If the later one has a number that is none, or its time runs backwards.
    """
    earlier, fallen = by_device(before), []
    for device, parts in by_device(after).items():
        kwh = sum(parts.values())
        if not math.isfinite(kwh):
            raise MeterError(
                f"the energy of {device} must be a finite number but {after.provenance.meter!r} "
                f"told {kwh!r} kWh; the next reading makes up for it"
            )
        was_kwh = sum(earlier.get(device, parts).values())
        if kwh - was_kwh < -_ROUNDING * abs(was_kwh):
            fallen.append(device)
    if not after.monotonic_s >= before.monotonic_s:
        raise MeterError(
            f"time must not run backwards but {after.provenance.meter!r} told "
            f"{after.monotonic_s!r} s after {before.monotonic_s!r} s; a meter reads "
            "time.monotonic()"
        )
    return tuple(fallen)


def between(before: Reading, after: Reading) -> Measurement:
    """Return the energy and time from one reading to a later one of the same meter.

    Example:
        >>> from eahas_plugins.energy import CpuTimeMeter
        >>> meter = CpuTimeMeter(watts_per_core=10.0, idle_watts=0.0)
        >>> before = meter.read()
        >>> _ = sum(range(100_000))
        >>> between(before, meter.read()).provenance.kind
        'estimated'

    Raises:
        MeterError: If the counter stood still, ran backwards, or is another meter's.
    """
    meter = after.provenance.meter
    if before.provenance != after.provenance:
        raise MeterError(
            f"both readings must come from one meter but got {before.provenance.meter!r} and "
            f"{meter!r}; take the first reading anew after a change of meter"
        )
    seconds = after.monotonic_s - before.monotonic_s
    energy_kwh = after.energy_kwh - before.energy_kwh
    if not energy_kwh > 0.0:
        resolution_s = after.provenance.resolution_s
        remedy = (
            f"measure at least {resolution_s:g} s of work at once"
            if seconds < resolution_s
            else "the meter does not see the device that works; choose another meter"
        )
        raise MeterError(
            f"energy must grow but {meter!r} counted {energy_kwh!r} kWh in {seconds:.3g} s; "
            f"{remedy}"
        )
    if fallen := fallen_devices(before, after):
        raise MeterError(
            f"no counter may run backwards but that of {', '.join(fallen)} does; take the first "
            "reading anew"
        )
    parts = {
        name: after.parts_kwh[name] - before.parts_kwh[name]
        for name in after.parts_kwh
        if name in before.parts_kwh
    }
    cpu_s = None
    if before.cpu_s is not None and after.cpu_s is not None:
        cpu_s = after.cpu_s - before.cpu_s
    return Measurement(
        energy_kwh=energy_kwh,
        seconds=seconds,
        provenance=after.provenance,
        parts_kwh=parts,
        cpu_s=cpu_s,
    )
