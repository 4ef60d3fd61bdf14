"""Meters without a device: recorded readings, and a fake that a test winds by hand."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from eahas_plugins.arguments import check_not_negative
from eahas_plugins.energy.meter_argument import check_meter
from eahas_plugins.energy.readings import (
    OWN_PROCESS,
    EnergyMeter,
    MeterError,
    Provenance,
    Reading,
    Scope,
)
from eahas_plugins.files import LineFile, as_dataclass, path_argument, read_json_lines

_numbers = itertools.count()


class RecordingMeter:
    """Another meter whose readings are also appended to a file, for `ReplayMeter`.

    Args:
        meter: The meter that measures.
        path: File that takes one JSON object per reading.
    """

    def __init__(self, meter: EnergyMeter, path: Path | str) -> None:
        check_meter(meter, auto=False)
        self._meter = meter
        self._path = path_argument("path", path)

    @property
    def provenance(self) -> Provenance:
        """What the wrapped meter is."""
        return self._meter.provenance

    def read(self) -> Reading:
        """Read and record."""
        reading = self._meter.read()
        record = asdict(replace(reading, users={}))
        del record["users"]  # who computes on a device can only be asked while it runs
        with LineFile(self._path, wait=True) as file:
            file.append(json.dumps(record))
        return reading


class ReplayMeter:
    """Gives recorded readings again, one at each reading.

    Args:
        readings: The readings in their order, or the file that a `RecordingMeter` wrote.

    Raises:
        ValueError: If there is no reading, one that cannot be read, or energy or time falls.
    """

    def __init__(self, readings: Iterable[Reading] | Path | str) -> None:
        if isinstance(readings, str | Path):
            readings = _load(path_argument("readings", readings))
        self._readings = tuple(readings)
        if not self._readings:
            raise ValueError("a replay needs at least one reading but got none")
        for i, (earlier, later) in enumerate(zip(self._readings, self._readings[1:], strict=False)):
            if not (
                later.energy_kwh >= earlier.energy_kwh and later.monotonic_s >= earlier.monotonic_s
            ):
                raise ValueError(f"energy and time must not fall, but reading {i + 1} does")
        self._next = 0

    @property
    def provenance(self) -> Provenance:
        """What the recorded meter was."""
        return self._readings[0].provenance

    def read(self) -> Reading:
        """Return the next recorded reading.

        Raises:
            MeterError: If all have been replayed.
        """
        if self._next == len(self._readings):
            raise MeterError(f"all {len(self._readings)} recorded readings have been replayed")
        self._next += 1
        return self._readings[self._next - 1]


class FakeMeter:
    """A meter for tests: it counts what it is told, or constant power by a clock.

    Each is a device of its own, which only those share that are given the same; with the scope
    ``machine`` all are one device, of which a machine has one.

    Example:
        >>> from eahas_plugins.energy import between
        >>> meter = FakeMeter()
        >>> before = meter.read()
        >>> meter.advance(kwh=0.5, seconds=1800.0)
        >>> between(before, meter.read()).watts
        1000.0

    Args:
        watts: Power drawn all the time by the clock, W.
        scope: What the readings are said to cover.
        resolution_s: How short a window it is said to resolve, seconds.
        clock: Where the time comes from. By default it stands still but for `advance`.
    """

    def __init__(
        self,
        *,
        watts: float = 0.0,
        scope: Scope = "process",
        resolution_s: float = 0.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        check_not_negative(watts=watts, resolution_s=resolution_s)
        self._watts = watts
        self._clock = clock
        self._kwh = 0.0
        self._seconds = 0.0
        self._parts: dict[str, float] = {}
        self._provenance = Provenance(
            kind="estimated",
            meter="fake",
            sampling="by hand",
            scope=scope,
            resolution_s=resolution_s,
            device_ids=(f"{OWN_PROCESS}fake {next(_numbers)}",) if scope == "process" else (),
        )

    @classmethod
    def steady(cls, *, watts: float, scope: Scope = "process") -> FakeMeter:
        """A machine that draws constant power."""
        return cls(watts=watts, scope=scope, clock=time.monotonic)

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def advance(
        self, *, kwh: float, seconds: float = 1.0, parts: Mapping[str, float] | None = None
    ) -> None:
        """Let energy be used and time pass.

        Raises:
            ValueError: If an amount is negative or not finite.
        """
        check_not_negative(kwh=kwh, seconds=seconds, **parts or {})
        self._kwh += kwh
        self._seconds += seconds
        for name, part_kwh in (parts or {}).items():
            self._parts[name] = self._parts.get(name, 0.0) + part_kwh

    def read(self) -> Reading:
        """Read what has been counted."""
        monotonic_s = self._seconds + (self._clock() if self._clock else 0.0)
        return Reading(
            energy_kwh=self._kwh + self._watts * monotonic_s / 3.6e6,
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            parts_kwh=dict(self._parts),
        )


def _load(path: Path) -> list[Reading]:
    return [
        as_dataclass(Reading, fields, f"{path}, line {number},")
        for number, fields in read_json_lines(path)
    ]
