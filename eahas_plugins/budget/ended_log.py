"""What a reader knows of a journal's folder, read only once: each step costs the same.

An attempt that runs has a file of its own. What has ended is a line in the log of the process
that ended it (``ended-*.jsonl``, only ever appended to), so a reader lists few files and reads
each line once, however many trials a run has had.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import median

from eahas_plugins.budget.entries import Entry, TrialId
from eahas_plugins.files.reading import open_regular

_MAX_READ = 16 << 20
"""Bytes of a log that are read at once."""

LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):  # a fork while another thread reads would leave it locked
    os.register_at_fork(
        before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release
    )


class EndedLog:
    """The lines of a folder's logs: attempts that have ended, and those that were given up.

    Its total is exact, whatever the order of the lines: a float that has been rounded a thousand
    times would depend on it.

    Args:
        folder: The journal's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._forget()

    def _forget(self) -> None:
        self.ended: dict[str, Entry] = {}
        self.notes: dict[str, Entry] = {}
        self.numbers: set[int] = set()
        self._of_trial: dict[TrialId, list[str]] = {}
        self._offsets: dict[str, int] = {}
        self._total = Fraction(0)
        self._n_damaged = 0

    def update(self, logs: Iterable[str]) -> None:
        """Read what has been appended since the last time.

        Args:
            logs: Names of all logs that are there now.
        """
        with LOCK:
            sizes = {name: self._size(name) for name in logs}
            if any(sizes.get(name, -1) < offset for name, offset in self._offsets.items()):
                self._forget()  # cleared
            for name in sorted(sizes):
                if sizes[name] > self._offsets.get(name, 0):
                    self._read(name)

    @property
    def energy_kwh(self) -> float:
        """Energy of all attempts that have ended, kWh; damaged lines count like the median one."""
        with LOCK:
            total = float(self._total)
            if self._n_damaged and (usual_kwh := self.usual_kwh()) is not None:
                total += self._n_damaged * usual_kwh
            return total

    def usual_kwh(self) -> float | None:
        """Median energy of an attempt that has ended, kWh; None if there is none."""
        with LOCK:
            known = [e.energy_kwh for e in self.ended.values() if e.energy_kwh is not None]
        return median(known) if known else None

    def of_trial(self, trial: TrialId) -> list[Entry]:
        """The attempts at a trial that have ended."""
        with LOCK:
            return [self.ended[name] for name in self._of_trial.get(trial, ())]

    def entries(self) -> list[Entry]:
        """All attempts that have ended."""
        with LOCK:
            return list(self.ended.values())

    def _size(self, name: str) -> int:
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            return 0

    def _read(self, name: str) -> None:
        offset, path = self._offsets.get(name, 0), self.folder / name
        try:
            with open_regular(path) as file:
                file.seek(offset)
                text = file.read(_MAX_READ)
        except FileNotFoundError:
            return
        except ValueError as error:  # no regular file, or not readable
            self._damaged(error)
            self._offsets[name] = self._size(name)
            return
        end = text.rfind(b"\n") + 1  # the rest is being written
        if len(text) == _MAX_READ and not end:
            self._damaged(ValueError(f"{path} has a line of over {_MAX_READ} bytes."))
            self._offsets[name] = self._size(name)
            return
        text = text[:end]
        for line in filter(None, text.split(b"\n")):
            try:
                self._take(Entry.from_json(line, self.folder / name))
            except ValueError as error:
                self._damaged(error)
        self._offsets[name] = offset + len(text)

    def _damaged(self, error: ValueError) -> None:
        self._n_damaged += 1
        warnings.warn(
            f"A damaged line counts like the median trial: {error}", RuntimeWarning, stacklevel=2
        )

    def _take(self, entry: Entry) -> None:
        known = self.ended.get(entry.name)
        before_kwh = 0.0 if known is None else known.charged_kwh
        if not entry.done:
            self.notes[entry.name] = entry
        elif known is None:
            self._of_trial.setdefault(entry.trial, []).append(entry.name)
            self.numbers.add(entry.number)
            known = entry
        elif (entry.energy_kwh or 0.0) > (known.energy_kwh or 0.0):
            known = entry  # what was told of it afterwards
        if known is not None:
            note = self.notes.get(entry.name)
            if note is not None and known.estimated_kwh is None:
                known = replace(known, estimated_kwh=note.estimated_kwh)
            self.ended[entry.name] = known
            self._total += Fraction(known.charged_kwh) - Fraction(before_kwh)
