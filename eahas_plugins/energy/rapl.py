"""CPU packages and memory: the RAPL counters that Linux shows under powercap."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

from eahas_plugins.energy.background import keep_reading
from eahas_plugins.energy.counter import Counter
from eahas_plugins.energy.readings import MeterError, Provenance, Reading
from eahas_plugins.files import path_argument
from eahas_plugins.units import J_PER_KWH

_PART_OF_ZONE = {"package": "cpu", "dram": "memory"}
_MAX_WATTS = 1000.0  # of one zone; how soon a counter may wrap around
_MAX_POLL_S = 10.0  # the shorter, the better a counter that began anew is told from a wrap
_SLACK_J = 100.0  # a fall this near to the end of the range is a wrap, however short the time
_LEAST_RANGE_UJ = 1_000_000  # a millisecond at that power

_log = logging.getLogger(__name__)


class _Zone:
    """One counter, which wraps around.

    Raises:
        OSError: If a file is missing or does not answer.
        ValueError: If a file does not hold what it should.
    """

    def __init__(self, folder: Path, name: str, part: str) -> None:
        self.name = f"{name} ({folder.name})"
        self.part = part
        # Memory zones are all called "dram": their folder, "intel-rapl:0:0", says of which package.
        self.id = f"cpu:{name}" if part == "cpu" else f"memory:{folder.name}"
        self._file = folder / "energy_uj"
        self.range_uj = int((folder / "max_energy_range_uj").read_text())
        if self.range_uj < _LEAST_RANGE_UJ:
            raise ValueError(
                f"max_energy_range_uj must be at least {_LEAST_RANGE_UJ:,} but is {self.range_uj}: "
                "the counter wraps around sooner than it can be read"
            )
        self.counter = Counter(
            int(self._file.read_text()),
            time.monotonic(),
            per_joule=1e6,
            max_watts=_MAX_WATTS,
            slack_j=_SLACK_J,
            wraps_at=self.range_uj,
        )
        self._told: set[str] = set()

    def advance(self, now_s: float) -> None:
        if self.counter.advance(int(self._file.read_text()), now_s):
            self.tell("began anew; what it counted just before that is lost")

    @property
    def stands_at_uj(self) -> float:
        """Where the counter stands, as every process sees it until it wraps."""
        return self.counter.first + self.counter.total

    def tell(self, what: str) -> None:
        """Log something about this zone, once."""
        if what not in self._told:
            self._told.add(what)
            _log.warning("The RAPL counter %s %s.", self.name, what)


def rapl_is_readable(root: Path | str = "/sys/class/powercap") -> bool:
    """Whether there is a counter that `RaplMeter` can read."""
    try:
        return bool(_find_zones(Path(root)))
    except MeterError:
        return False


class RaplMeter:
    """Energy of the machine's CPU packages and memory, from ``/sys/class/powercap``.

    Counters wrap around within minutes to hours; a background thread reads them often enough. A
    counter that begins anew (sleep, a reloaded driver) goes on from there. A zone that cannot be
    read is left out and named in ``provenance.left_out``. The zones ``core`` and ``uncore`` lie
    inside the package and ``psys`` around it, so they are not added.

    Args:
        root: Folder of the powercap zones.

    Raises:
        MeterError: If there is no zone that can be read.
    """

    def __init__(self, root: Path | str = "/sys/class/powercap") -> None:
        self._root = path_argument("root", root)
        self._zones, left_out = _find_zones(self._root)
        range_uj = min(zone.range_uj for zone in self._zones)
        self._poll_s = min(range_uj / 1e6 / _MAX_WATTS / 2.0, _MAX_POLL_S)
        self._provenance = Provenance(
            kind="measured",
            meter="rapl",
            sampling=f"powercap counters at every reading and every {self._poll_s:.3g} s",
            scope="machine",
            devices=tuple(zone.name for zone in self._zones),
            resolution_s=0.01,
            device_ids=tuple(zone.id for zone in self._zones),
            left_out=tuple(left_out),
        )
        self._watch()

    def __reduce__(self) -> tuple[type[RaplMeter], tuple[Path]]:
        """Travel to another process as a new meter of its counters."""
        return RaplMeter, (self._root,)

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read the counters. One that does not answer stands still, and the log says so.

        Raises:
            MeterError: If none answers.
        """
        if os.getpid() != self._pid:  # threads and held locks do not survive a fork
            self._watch()
        errors = []
        with self._lock:
            monotonic_s = time.monotonic()
            for zone in self._zones:
                try:
                    zone.advance(monotonic_s)
                except (OSError, ValueError) as error:
                    errors.append((zone, error))
            devices = {
                zone.id: {zone.part: zone.counter.total / 1e6 / J_PER_KWH} for zone in self._zones
            }
            counters = {zone.id: zone.stands_at_uj for zone in self._zones}
        if len(errors) == len(self._zones):
            raise MeterError(f"RAPL no longer answers ({errors[0][1]})") from errors[0][1]
        for zone, problem in errors:
            zone.tell(f"no longer answers ({problem}) and is left out until it does")
        return Reading.of_devices(
            devices, monotonic_s=monotonic_s, provenance=self._provenance, counters=counters
        )

    def _watch(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        keep_reading(self, self._poll_s)


def _find_zones(root: Path) -> tuple[list[_Zone], list[str]]:
    """Return the zones to add, and in words those that cannot be read.

    Raises:
        MeterError: If there is none.
    """
    zones: list[_Zone] = []
    left_out: list[str] = []
    for folder in _folders(root):
        label = folder.name
        try:
            name = (folder / "name").read_text().strip()
            part = _PART_OF_ZONE.get(name.split("-")[0])
            if part is None:
                continue
            label = f"{name} ({folder.name})"
            zone = _Zone(folder, name, part)
            if any(zone.id == other.id for other in zones):  # the kernel does not number them
                zone.id = f"{zone.id} ({folder.name})"
            zones.append(zone)
        except PermissionError:
            left_out.append(
                f"{label} must not be read: allow it with "
                f"`sudo chmod a+r {root}/intel-rapl:*/energy_uj`"
            )
        except (OSError, ValueError) as error:
            left_out.append(f"{label}: {error}")
    if not zones:
        reasons = "; ".join(left_out)
        raise MeterError(
            f"RAPL counters must be readable but none is ({reasons}); choose another meter"
            if left_out
            else f"RAPL needs a CPU package under {root} but there is none (virtual machines and "
            "containers often hide it; try `sudo modprobe intel_rapl_msr`); choose another meter"
        )
    return zones, left_out


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(root.glob("intel-rapl:*"))
    except OSError as error:
        raise MeterError(f"{root} cannot be listed ({error}); choose another meter") from error
