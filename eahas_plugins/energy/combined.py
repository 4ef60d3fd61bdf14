"""Several meters as one, and some devices of a meter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from eahas_plugins.energy.counter import read_twice, tell_of
from eahas_plugins.energy.cpu_time import CPU_ESTIMATE
from eahas_plugins.energy.meter_argument import answer_of, check_meter
from eahas_plugins.energy.readings import (
    EnergyMeter,
    Kind,
    MeterError,
    Provenance,
    Reading,
    Users,
    by_device,
    ids_of,
    kinds_by_part,
    names_of,
)

_NAMES_OF_ITS_OWN = ("zeus", "codecarbon")


class _Part:
    """One meter of a sum, and where it last stood."""

    def __init__(self, meter: EnergyMeter) -> None:
        self.meter = meter
        self.id = self.name = ", ".join(names_of(meter.provenance).values())
        self.last: Reading | None = None
        self._lost = False

    def read(self) -> tuple[Reading, MeterError | None]:
        """Read, at the second try if the first one fails; with what failed then.

        One that has not answered lately is asked once: a broken driver may take its time.

        Raises:
            MeterError: If it does not answer.
        """
        ask = partial(answer_of, self.meter)
        try:
            now, problem = (ask(), None) if self._lost else read_twice(ask)
        except MeterError:
            self._lost = True
            raise
        self._lost = False
        if self.last is None or now.monotonic_s >= self.last.monotonic_s:  # of all threads
            self.last = now
        return now, problem


class SumMeter:
    """Several meters of different devices as one.

    A meter that no longer answers stands still, with a warning, until it does; the others count.

    Args:
        meters: At least one; no device may be counted by two of them.

    Raises:
        ValueError: If there is no meter, one is given twice, or a device is counted by two of
            them. An estimate of the CPU from CPU time beside a counter of the CPU counts as such.
    """

    def __init__(self, meters: Sequence[EnergyMeter]) -> None:
        if not meters:
            raise ValueError("a sum needs at least one meter but got none")
        for meter in meters:
            check_meter(meter, auto=False)
        self._parts = tuple(map(_Part, meters))
        self._told: set[str] = set()
        each = [meter.provenance for meter in meters]
        self._ids = _different_ids(each)
        if len({id(meter) for meter in meters}) < len(meters):  # of meters that name no device
            raise ValueError("each device must be counted by one meter but one is given twice")
        self._provenance = provenance_of_all(
            each,
            devices={
                ids[name]: called
                for ids, one in zip(self._ids, each, strict=True)
                for name, called in names_of(one).items()
            },
        )

    def __reduce__(self) -> tuple[type[SumMeter], tuple[list[EnergyMeter]]]:
        """Travel to another process as a new sum of what its meters are there."""
        return SumMeter, ([part.meter for part in self._parts],)

    @property
    def provenance(self) -> Provenance:
        """What these meters are."""
        return self._provenance

    def read(self) -> Reading:
        """Read all meters.

        Raises:
            MeterError: If none answers, or one that never has; or once, if a counter began anew;
                the next reading goes on.
        """
        readings: list[Reading] = []
        times_s: list[float] = []
        lost: list[tuple[_Part, MeterError]] = []
        began_anew = None
        for part in self._parts:
            try:
                now, problem = part.read()
                times_s.append(now.monotonic_s)
                began_anew = began_anew or problem
            except MeterError as error:
                if part.last is None:
                    raise
                now = part.last
                lost.append((part, error))
            readings.append(now)
        if not times_s:
            raise lost[0][1]
        tell_of(lost, reset=(), told=self._told)
        if began_anew is not None:
            raise began_anew
        devices: dict[str, Mapping[str, float]] = {}
        counters: dict[str, float] = {}
        users: dict[str, Users] = {}
        for reading, names in zip(readings, self._ids, strict=True):
            counted = by_device(reading)
            devices |= {names[name]: by_part for name, by_part in counted.items()}
            counters |= {names[name]: at for name, at in reading.counters.items()}
            users |= {names[name]: ask for name, ask in reading.users.items()}
        return Reading.of_devices(
            devices,
            monotonic_s=times_s[0],
            provenance=self._provenance,
            cpu_s=next((r.cpu_s for r in readings if r.cpu_s is not None), None),
            counters=counters,
            users=users,
        )


class SelectedMeter:
    """Some devices of another meter.

    Args:
        meter: The meter that counts them, and others.
        device_ids: Which of ``meter.provenance.device_ids``. At least one.

    Raises:
        ValueError: If the meter has none of them.
    """

    def __init__(self, meter: EnergyMeter, device_ids: Collection[str]) -> None:
        check_meter(meter, auto=False)
        whole = meter.provenance
        self._meter = meter
        self._kept = tuple(name for name in whole.device_ids if name in device_ids)
        if not self._kept:
            raise ValueError(
                f"device_ids must name one of {list(whole.device_ids)} but got {sorted(device_ids)}"
            )
        names = names_of(whole)
        self._provenance = replace(
            whole,
            device_ids=self._kept,
            devices=tuple(names[name] for name in self._kept),
        )

    @property
    def provenance(self) -> Provenance:
        """What the other meter is, with these devices."""
        return self._provenance

    def read(self) -> Reading:
        """Read these devices."""
        reading = self._meter.read()
        return Reading.of_devices(
            {name: reading.devices_kwh[name] for name in self._kept},
            monotonic_s=reading.monotonic_s,
            provenance=self._provenance,
            cpu_s=reading.cpu_s,
            counters={k: at for k, at in reading.counters.items() if k in self._kept},
            users={k: ask for k, ask in reading.users.items() if k in self._kept},
        )


def _different_ids(each: Sequence[Provenance]) -> list[dict[str, str]]:
    """Return for every meter what its devices are called in the sum.

    Raises:
        ValueError: If two meters count the same device.
    """
    named = [name for p in each for name in p.device_ids or p.devices]
    twice = [name for name, count in Counter(named).items() if count > 1]
    if twice:
        raise ValueError(f"each device must be counted by one meter but {twice} are by two")
    for part in ("gpu", "cpu", "memory"):
        found = {by for p in each for by in _counted_by(p, part)}
        if len(found) > 1 and not (part == "gpu" and _are_other_models(each)):
            raise ValueError(
                f"each device must be counted by one meter but {part} is by "
                f"{' and '.join(sorted(found))}, which may name the same device differently; leave "
                "one out"
            )
    if CPU_ESTIMATE in named and any(name.startswith("cpu:") for name in named):
        raise ValueError(
            "the CPU must be counted by one meter but is by a counter and by CPU time; "
            "leave one out"
        )
    renamed = []
    seen: set[str] = set()
    for provenance in each:
        names = {}
        for name in ids_of(provenance):
            fresh = name  # meters without ids, such as two fakes, may be called the same
            while fresh in seen:
                fresh += "'"
            seen.add(fresh)
            names[name] = fresh
        renamed.append(names)
    return renamed


def _counted_by(provenance: Provenance, part: str) -> set[str]:
    """Return who counts the devices of one part: the drivers, or a library with its own names."""
    names = [n.partition(":")[2] for n in provenance.device_ids if n.startswith(f"{part}:")]
    return {
        next((lib for lib in _NAMES_OF_ITS_OWN if n.startswith(lib)), "its driver") for n in names
    }


def _are_other_models(each: Sequence[Provenance]) -> bool:
    """Whether the GPUs of NVML and of Zeus are of different models, as of two vendors.

    Zeus asks NVML, too, so that one GPU has one model's name in both.
    """
    by_nvml, by_zeus = set(), set()
    for name, called in (pair for p in each for pair in names_of(p).items()):
        part, _, number = name.partition(":")
        if part != "gpu":
            continue
        if number.startswith("GPU-") and called.endswith(f" {number}"):
            by_nvml.add(called.removesuffix(f" {number}"))
        elif number.startswith("zeus ") and called != name:
            by_zeus.add(called)
        else:
            return False
    return not by_nvml & by_zeus


def provenance_of_all(
    each: Sequence[Provenance], *, devices: Mapping[str, str] | None = None
) -> Provenance:
    """Return what several meters are together: an estimate if one of them is.

    Args:
        each: What they are, at least one.
        devices: What people call their devices, by their ids; by default as each tells it.
    """
    if len(each) == 1 and devices is None:
        return each[0]
    if devices is None:
        devices = {name: called for p in each for name, called in names_of(p).items()}
    return Provenance(
        kind="measured" if all(p.kind == "measured" for p in each) else "estimated",
        meter=" + ".join(p.meter for p in each),
        sampling="; ".join(p.sampling for p in each),
        scope="machine" if any(p.scope == "machine" for p in each) else "process",
        devices=tuple(devices.values()),
        resolution_s=max(p.resolution_s for p in each),
        device_ids=tuple(devices),
        part_kinds=_part_kinds(each),
        left_out=tuple(dict.fromkeys(what for p in each for what in p.left_out)),
    )


def _part_kinds(each: Sequence[Provenance]) -> dict[str, Kind]:
    """Return the kind of each part where they differ; one estimate in it makes it an estimate."""
    if len({p.kind for p in each}) == 1 and not any(p.part_kinds for p in each):
        return {}
    kinds: dict[str, Kind] = {}
    for provenance in each:
        for part, kind in kinds_by_part(provenance).items():
            if kinds.get(part) != "estimated":
                kinds[part] = kind
    return kinds
