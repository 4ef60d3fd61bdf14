"""CPU packages and memory: the RAPL counters that Linux shows under powercap."""

from __future__ import annotations

import os
import threading
import time
import weakref
from pathlib import Path

from eahas_plugins.energy.readings import JOULES_PER_KWH, MeterError, Provenance, Reading

_PART_OF_ZONE = {"package": "cpu", "dram": "memory"}
_MAX_WATTS = 1000.0  # of one zone; how soon a counter may wrap around


class _Zone:
    """One counter, which wraps around."""

    def __init__(self, folder: Path, name: str, part: str) -> None:
        self.name = f"{name} ({folder.name})"
        self.part = part
        self._counter = folder / "energy_uj"
        self.range_uj = int((folder / "max_energy_range_uj").read_text())
        self._last_uj = int(self._counter.read_text())
        self.total_uj = 0

    def advance(self) -> None:
        now_uj = int(self._counter.read_text())
        step_uj = now_uj - self._last_uj
        self.total_uj += step_uj if step_uj >= 0 else step_uj + self.range_uj
        self._last_uj = now_uj


class RaplMeter:
    """Energy of the machine's CPU packages and memory, from ``/sys/class/powercap``.

    Counters wrap around within minutes to hours; a background thread reads them often enough.
    The zones ``core`` and ``uncore`` lie inside the package and ``psys`` around it, so they are
    not added.

    Args:
        root: Folder of the powercap zones.

    Raises:
        MeterError: If there is no zone, or it must not be read.
    """

    def __init__(self, root: Path | str = "/sys/class/powercap") -> None:
        self._zones = _find_zones(Path(root))
        self._poll_s = min(zone.range_uj for zone in self._zones) / 1e6 / _MAX_WATTS / 2.0
        self._provenance = Provenance(
            kind="measured",
            meter="rapl",
            sampling=f"powercap counters at every reading and every {self._poll_s:.3g} s",
            scope="machine",
            devices=tuple(zone.name for zone in self._zones),
            resolution_s=0.01,
        )
        self._watch()

    @property
    def provenance(self) -> Provenance:
        """What this meter is."""
        return self._provenance

    def read(self) -> Reading:
        """Read the counters."""
        if os.getpid() != self._pid:  # threads and held locks do not survive a fork
            self._watch()
        with self._lock:
            monotonic_s = time.monotonic()
            parts = {zone.part: 0.0 for zone in self._zones}
            try:
                for zone in self._zones:
                    zone.advance()
                    parts[zone.part] += zone.total_uj / 1e6 / JOULES_PER_KWH
            except OSError as error:
                raise MeterError(f"RAPL no longer answers ({error})") from error
        return Reading(
            energy_kwh=sum(parts.values()),
            monotonic_s=monotonic_s,
            provenance=self._provenance,
            parts_kwh=parts,
        )

    def _watch(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        threading.Thread(
            target=_keep_reading, args=(weakref.ref(self), self._poll_s), daemon=True
        ).start()


def _keep_reading(meter: weakref.ref[RaplMeter], poll_s: float) -> None:
    while True:
        time.sleep(poll_s)
        alive = meter()
        if alive is None:
            return
        try:
            alive.read()
        except MeterError:  # the next reading in the foreground says so
            return
        del alive


def _find_zones(root: Path) -> list[_Zone]:
    zones = []
    for folder in sorted(root.glob("intel-rapl:*")):
        name = (folder / "name").read_text().strip()
        part = _PART_OF_ZONE.get(name.split("-")[0])
        if part is None:
            continue
        try:
            zones.append(_Zone(folder, name, part))
        except PermissionError as error:
            raise MeterError(
                f"RAPL counters must be readable but {error.filename} is not; allow it with "
                f"`sudo chmod a+r {root}/intel-rapl:*/energy_uj`"
            ) from error
    if not zones:
        raise MeterError(
            f"RAPL needs a CPU package under {root} but there is none (virtual machines and "
            "containers often hide it; try `sudo modprobe intel_rapl_msr`); choose another meter"
        )
    return zones
