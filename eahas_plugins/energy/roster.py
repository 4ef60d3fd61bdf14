"""Who uses which device of this machine, and since when: one small file per trial.

Nobody writes another's file, so there is no lock on it. A killed process leaves its file behind;
its trial is taken to have ended at its last sign of life. All of this only divides energy: where
the folder cannot be used a trial counts as if it were alone, and the log says so once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import os
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from eahas_plugins.energy import enclosing, roster_folder
from eahas_plugins.energy.presence import Presence
from eahas_plugins.energy.readings import OWN_PROCESS
from eahas_plugins.energy.roster_entry import Activity, Change, Entry, is_left_behind, parse

_MAX_CHANGES = 200  # of one trial while another one takes a single step
_SEEN_EVERY_S = 1.0  # between two signs of life of a trial that reports more often
_GRACE_S = 60.0  # between a trial's first reading and the moment its file is seen

_log = logging.getLogger(__name__)
_told: set[str] = set()


class Roster:
    """The trials that use devices of this machine, one small file each.

    Args:
        folder: Where the files lie. By default the environment variable ``EAHAS_ENERGY_DIR``, else
            a private folder of the user in the temporary one.
    """

    def __init__(self, *, folder: Path | None = None) -> None:
        self._folder: Path | None = None
        self.settled_s = 0.0  # what was before is in no running trial's next step
        self._parsed: dict[str, tuple[tuple[int, ...], Entry | None]] = {}  # by the file's name
        try:
            parent = roster_folder.chosen_folder() if folder is None else folder
            self._folder = (
                parent / hashlib.sha256(roster_folder.boot_id().encode()).hexdigest()[:16]
            )
            roster_folder.make_folder(self._folder)
            Presence.of(self._folder)
        except OSError as error:
            self._folder = None
            _tell_alone(error)

    def join(
        self,
        start_s: float,
        *,
        devices: Collection[str],
        counters: Mapping[str, float] | None = None,
        owner: str | None = None,
        within: Sequence[str] = (),
    ) -> Membership:
        """Say that a trial begins to use some devices.

        Args:
            start_s: When, monotonic seconds.
            devices: Their ids. What is each process's own is told apart here.
            counters: Where their counters stand, as `Reading` has it.
            owner: The trial, by a name that all its trackers share; by default one of its own.
            within: Owners in this process that it is a part of.
        """
        return Membership(
            self,
            start_s=start_s,
            devices=devices,
            counters=counters or {},
            owner=uuid.uuid4().hex if owner is None else owner,
            within=within,
        )

    def write(self, name: str, entry: dict[str, Any]) -> None:
        """Write one's own entry; readers see the old one or the new one."""
        if self._folder is None:
            return
        try:
            roster_folder.make_folder(self._folder)  # somebody emptied the folder
            entry["presence"] = Presence.of(self._folder).ensure()
            fresh = self._folder / f"{name}.new"
            fresh.write_text(json.dumps(entry), encoding="utf-8")
            roster_folder.let_read(fresh)
            fresh.replace(self._folder / f"{name}.json")
        except OSError as error:
            _tell_alone(error)

    def others(
        self, name: str, *, devices: Collection[str], since_s: float
    ) -> dict[str, list[Activity]]:
        """Return for some devices what all entries but one's own have done since then and do."""
        if self._folder is None:
            return {}
        try:
            entries = self._entries(self._folder)
        except OSError as error:
            _tell_alone(error)
            return {}
        # What ended before the last reading of every running trial is in nobody's next step.
        settled_s = min((e.seen_s for e in entries if e.end_s is None), default=0.0)
        found: dict[str, list[Activity]] = {}
        for entry in entries:
            if entry.end_s is not None and entry.end_s < settled_s - _GRACE_S:
                with contextlib.suppress(OSError):
                    entry.path.unlink(missing_ok=True)
            elif entry.path.stem != name and (entry.end_s is None or entry.end_s > since_s):
                for device in entry.devices.keys() & devices:
                    found.setdefault(device, []).extend(entry.activities(device))
        self.settled_s = settled_s
        return found

    def key(self, device: str) -> str:
        """Return what a device is called here: what is each process's own gets its name."""
        if not device.startswith(OWN_PROCESS) or self._folder is None:
            return device
        try:
            return f"{device} of {Presence.of(self._folder).name}"
        except OSError as error:
            _tell_alone(error)
            return f"{device} of {uuid.uuid4().hex}"

    def has(self, name: str) -> bool:
        """Whether an entry was there when the others were last looked at."""
        return f"{name}.json" in self._parsed

    def _entries(self, folder: Path) -> list[Entry]:
        """Return all entries; a file is read again only when another has taken its place."""
        found: dict[str, tuple[tuple[int, ...], Entry | None]] = {}
        with os.scandir(folder) as files:
            for file in files:
                if not file.name.endswith(".json"):
                    continue
                try:
                    at = file.stat()
                    stamp = (at.st_ino, at.st_mtime_ns, at.st_size)
                    known = self._parsed.get(file.name)
                    if known is None or known[0] != stamp:
                        known = stamp, _parsed(Path(file.path))
                except FileNotFoundError:  # pruned by somebody else
                    continue
                except OSError as error:  # one that nobody can read does not cost the others
                    _tell("damaged", f"{file.path}, who uses the meter, is left out: {error}")
                    continue
                found[file.name] = known
        self._parsed = found
        return [entry.settled() for _, entry in found.values() if entry is not None]


def _parsed(path: Path) -> Entry | None:
    """Read an entry; a damaged one is left out, and removed where its process is gone.

    Raises:
        FileNotFoundError: If it is gone.
    """
    try:
        return parse(path)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        if is_left_behind(path):
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            _tell("damaged", f"{path}, who uses the meter, is left out: {error}")
        return None


class Membership:
    """One trial's entry in a roster. See `Roster.join`."""

    def __init__(
        self,
        roster: Roster,
        *,
        start_s: float,
        devices: Collection[str],
        counters: Mapping[str, float],
        owner: str,
        within: Sequence[str],
    ) -> None:
        self._roster = roster
        self._name = uuid.uuid4().hex
        self._start_s = start_s
        self._start_at = counters
        self._devices = {device: roster.key(device) for device in devices}
        self._left = False
        self._pid = os.getpid()
        self._written_s = -math.inf  # by the process's clock
        self._changes: list[Change] = []
        self.owner = owner
        around = dict.fromkeys([*enclosing.enclosing_owners(), *within])
        self.within = tuple(name for name in around if name != owner)
        self.seen(start_s, counters)
        enclosing.begins(owner)

    def others(self) -> dict[str, list[Activity]]:
        """Return for each of the trial's devices what all other trackers have done and do."""
        keys = self._devices.values()
        found = self._roster.others(self._name, devices=keys, since_s=self._seen_s)
        if not self._roster.has(self._name):  # somebody emptied the folder
            self._written_s = -math.inf
        return {device: found.get(key, []) for device, key in self._devices.items()}

    def weight(self, device: str) -> float | None:
        """Return how much the trial uses a device since its last change; None if not known."""
        known = [change.weight for change in self._changes if self._devices[device] in change.at]
        return known[-1] if known else None

    def change(self, now_s: float, counters: Mapping[str, float], *, weight: float) -> None:
        """Say that from now on the trial uses devices to another extent. Written when next seen.

        Args:
            now_s: Monotonic seconds, those of the last reading.
            counters: Where the counters of those devices stand.
            weight: How much it uses them. Positive.
        """
        at = {self._devices[device]: counter for device, counter in counters.items()}
        recent = [change for change in self._changes if change.s > self._roster.settled_s]
        if len(recent) >= _MAX_CHANGES:
            return
        # Of what nobody's next step covers only the last one for each device still matters.
        latest = {
            device: change
            for change in self._changes
            if change.s <= self._roster.settled_s
            for device in change.at
        }
        old = [change for change in self._changes if change in latest.values()]
        self._changes = [*old, *recent, Change(s=now_s, at=at, weight=weight)]
        self._written_s = -math.inf  # others must know of it

    def seen(self, now_s: float, counters: Mapping[str, float] | None = None) -> None:
        """Leave a sign of life: up to here the energy has been taken.

        It is written once a second: nobody needs it but when this process is killed, and then the
        others take for themselves what is counted after the last one.
        """
        if self._left:  # read once more, by another thread
            return
        self._seen_s, self._seen_at = now_s, counters or {}
        clock_s = time.monotonic()
        if clock_s - self._written_s >= _SEEN_EVERY_S:
            self._write(end_s=None)
            self._written_s = clock_s

    def leave(
        self, now_s: float | None = None, counters: Mapping[str, float] | None = None
    ) -> None:
        """Say that the trial no longer uses the devices, since now or its last sign of life."""
        if self._left:
            return
        self._left = True
        enclosing.ends(self.owner)
        if now_s is not None:
            self._seen_s, self._seen_at = now_s, counters or {}
        self._write(end_s=self._seen_s)

    def _write(self, *, end_s: float | None) -> None:
        if os.getpid() != self._pid:  # a fork's copy: the trial is its parent's
            return
        entry = {
            "owner": self.owner,
            "within": self.within,
            "devices": {
                key: [self._start_at.get(device), self._seen_at.get(device)]
                for device, key in self._devices.items()
            },
            "start_s": self._start_s,
            "seen_s": self._seen_s,
            "end_s": end_s,
            "changes": [[change.s, change.at, change.weight] for change in self._changes],
        }
        self._roster.write(self._name, entry)


def _tell_alone(error: OSError) -> None:
    _tell(
        "alone",
        f"Who else uses the energy meter cannot be noted ({error}); trials count as if each were "
        f"alone. Set {roster_folder.FOLDER_VARIABLE} to a folder that can be written",
    )


def _tell(kind: str, what: str) -> None:
    """Warn, once of each kind."""
    if kind not in _told:
        _told.add(kind)
        _log.warning("%s.", what.removesuffix("."))
