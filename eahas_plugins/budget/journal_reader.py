"""What one process sees of a journal's folder: attempts that run, and since when it has seen it."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from eahas_plugins.budget.attributes import known_kwh
from eahas_plugins.budget.ended_log import LOCK, EndedLog
from eahas_plugins.budget.entries import Entry
from eahas_plugins.budget.journal_names import is_attempt, is_log
from eahas_plugins.files import parse_json, read_bytes

CAP_NAME = "budget_kwh"
"""File with the cap of the run, for whoever reads the folder afterwards; nothing decides by it."""
_N_LOOKS = 5
_MAX_BYTES = 1 << 16
_Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An attempt that has not ended.

    Args:
        entry: What its file says, and whether somebody has given it up.
        since_s: When this process first saw that, by its own clock, s; minus infinity for an
            attempt that was given up and has not written since.
    """

    entry: Entry
    since_s: float


class JournalReader:
    """Reads a journal's folder; one per process and folder, or leases would begin anew.

    Args:
        folder: The journal's folder.
        clock: Seconds, from anywhere on.
    """

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.ended = EndedLog(folder)
        self.clock = clock
        self._folder = folder
        self._seen: dict[str, Running] = {}
        self._noted: set[str] = set()
        self._silent: dict[str, tuple[_Signature, Entry]] = {}
        self._warned: set[str] = set()

    def running(self) -> list[Running]:
        """Attempts that have not ended; those that have are in ``ended`` afterwards."""
        with LOCK:
            now_s = self.clock()
            seen: dict[str, Running] = {}
            found = []
            for name, entry in self._entries().items():
                before = self._seen.get(name)
                since_s = now_s if before is None or before.entry != entry else before.since_s
                note = self.ended.notes.get(name)
                if note is not None and name not in self._noted:
                    self._noted.add(name)
                    since_s = -math.inf
                seen[name] = Running(entry=entry, since_s=since_s)
                if entry.given_up:  # damaged: what it said is not known
                    since_s = -math.inf
                    entry = replace(entry, estimated_kwh=self.ended.usual_kwh())
                elif note is not None:
                    entry = replace(entry, given_up=True, estimated_kwh=note.estimated_kwh)
                found.append(Running(entry=entry, since_s=since_s))
            self._seen = seen
            return found

    def wrote(self, entry: Entry) -> None:
        """Take notice of what this process itself has just written."""
        with LOCK:
            self._seen[entry.name] = Running(entry=entry, since_s=self.clock())

    def entry(self, name: str) -> Entry | None:
        """What an attempt's file says now; None if there is none, or it is damaged."""
        try:
            return _read_entry(self._folder / name)
        except (FileNotFoundError, ValueError):
            return None

    def _entries(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for _ in range(_N_LOOKS):
            names = self._names()
            ended = self.ended.ended
            running = [n for n in names if is_attempt(n) and n not in ended]
            read = {name: self._read(name) for name in running}
            # Files first, logs second: an attempt that ends in between is in both, not in neither.
            self.ended.update([n for n in names if is_log(n)])
            ended = self.ended.ended
            entries = {n: e for n, e in read.items() if e is not None and n not in ended}
            if all(e is not None or n in ended for n, e in read.items()):
                break
            # Else one has ended in a log that was not there yet, or was cleared: look again.
        return entries

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._folder)  # noqa: PTH208 - at every step of every trial
        except FileNotFoundError:
            return []

    def _read(self, name: str) -> Entry | None:
        """The entry in a file, None if it is gone. Silent ones are not read at every step."""
        path = self._folder / name
        try:
            if name in self.ended.notes:
                signature = _signature(path)
                if name not in self._silent or self._silent[name][0] != signature:
                    self._silent[name] = (signature, self._parsed(path))
                return self._silent[name][1]
            return self._parsed(path)
        except FileNotFoundError:
            return None

    def _parsed(self, path: Path) -> Entry:
        try:
            return _read_entry(path)
        except ValueError as error:
            if path.name not in self._warned:
                self._warned.add(path.name)
                warnings.warn(
                    f"A damaged file counts like the median trial: {error}",
                    RuntimeWarning,
                    stacklevel=2,
                )
        number = int(path.name[:8]) if path.name[:8].isdecimal() else -1
        return Entry(
            name=path.name,
            number=number,
            trial=(number, None, None, None),
            given_up=True,
        )


def stored_cap_kwh(folder: Path) -> float | None:
    """The cap of the run that kept its energies in a folder, kWh; None if it left no word."""
    try:
        return known_kwh(parse_json(read_bytes(folder / CAP_NAME, limit=_MAX_BYTES), folder))
    except (FileNotFoundError, ValueError):
        return None


def _read_entry(path: Path) -> Entry:
    return Entry.from_json(read_bytes(path, limit=_MAX_BYTES), path)


def _signature(path: Path) -> _Signature:
    """What changes when a file does; always the same where it cannot be asked.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise
    except OSError:  # links in a circle
        return (0, 0, 0)
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)
