"""Where every trial of a run writes its own energy, so that no death loses any.

SMAC and HpBandSter hear of a trial when it ends. A worker that is killed says nothing, and a
training that times out leaves no result. So each attempt at a trial keeps one small file in the
run's folder, replaced whole at every report; nobody writes another's file, and the total is their
sum. Workers on other machines need the folder on a shared file system.
"""

from __future__ import annotations

import json
import math
import os
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eahas_plugins.budget.attributes import DEFAULT_LEASE_S, kwh_argument
from eahas_plugins.budget.balance import Balance, RunningTrial

TrialId = tuple[int | str, str | None, int | None, float | None]
"""The host's id of the configuration, instance, seed, budget."""

# Entries that say "done" are not read again: by folder, then by file name.
_SEEN: dict[str, dict[str, Entry]] = {}


class EnergyExhaustedError(RuntimeError):
    """What is left of the budget does not pay for a single step of a trial."""


def was_refused(traceback: str | None) -> bool:
    """Whether a trial failed by that error; hosts keep only the text of it."""
    return EnergyExhaustedError.__name__ in (traceback or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the budget gives a trial on its way.

    Args:
        number: Order of the trials; a smaller number goes first.
        trial: Which trial of the run history this is.
        cap_kwh: The most all trials together may spend, kWh.
        reserved_kwh: Energy the trial is expected to need, kWh; 0 if unknown.
        limit_kwh: The most the trial may spend itself, kWh; None for no limit of its own.
        paid_kwh: Energy of earlier trials of the same configuration, whose training this one
            can go on with, kWh.
    """

    number: int
    trial: TrialId
    cap_kwh: float
    reserved_kwh: float = 0.0
    limit_kwh: float | None = None
    paid_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one attempt at a trial has written.

    Args:
        number: The trial's number.
        trial: Which trial of the run history this is.
        energy_kwh: Energy of this attempt so far, kWh.
        reserved_kwh: Energy the attempt is expected to need, kWh; 0 if unknown.
        updated_s: Time of the last report, seconds since the epoch.
        done: Whether the attempt has ended.
    """

    number: int
    trial: TrialId
    energy_kwh: float
    reserved_kwh: float
    updated_s: float
    done: bool


class Attempt:
    """One worker's go at a trial.

    Args:
        journal: Where it writes.
        grant: What the trial may spend.
    """

    def __init__(self, journal: EnergyJournal, grant: Grant) -> None:
        self.grant = grant
        self._journal = journal
        self._name = f"{grant.number:08d}-{uuid.uuid4().hex[:12]}.json"
        self._entry = Entry(
            number=grant.number,
            trial=grant.trial,
            energy_kwh=0.0,
            reserved_kwh=grant.reserved_kwh,
            updated_s=0.0,
            done=False,
        )
        self._write()

    @property
    def folder(self) -> Path:
        """The journal's folder."""
        return self._journal.folder

    @property
    def energy_kwh(self) -> float:
        """Energy of this attempt so far, kWh."""
        return self._entry.energy_kwh

    def report(self, energy_kwh: float) -> None:
        """Record the energy of this attempt so far, kWh; this also renews its reservation."""
        energy_kwh = kwh_argument("energy_kwh", energy_kwh, zero=True)
        if not (self._entry.done and energy_kwh <= self._entry.energy_kwh):
            self._set(energy_kwh)

    def finish(self, energy_kwh: float) -> None:
        """Record the energy of the whole attempt, kWh, and end it, with one write."""
        self._set(kwh_argument("energy_kwh", energy_kwh, zero=True), done=True)

    def must_stop(self) -> bool:
        """Whether the trial must end because its limit, or everybody's, has been reached."""
        balance = self._journal.balance(self.grant.cap_kwh)
        return balance.must_stop(number=self.grant.number, limit_kwh=self.grant.limit_kwh)

    def allowance_kwh(self) -> float:
        """Energy that this trial may still spend with every promise to others kept, kWh.

        For trainings whose energy is known in advance: taken at once, it cannot overshoot.
        """
        number, limit_kwh = self.grant.number, self.grant.limit_kwh
        balance = self._journal.balance(self.grant.cap_kwh)
        promised = sum(t.unspent_kwh for t in balance.running if t.number != number)
        free = balance.remaining_kwh - promised
        if limit_kwh is None:
            return free
        own = sum(t.spent_kwh for t in balance.running if t.number == number)
        return min(free, limit_kwh - own)

    def close(self) -> None:
        """End the attempt, with the energy that it, or a process it started, has reported."""
        if not self._entry.done:
            written = self._journal.read(self._name)
            self._set(written.energy_kwh if written else 0.0, done=True)

    def _set(self, energy_kwh: float, *, done: bool = False) -> None:
        self._entry = replace(
            self._entry,
            energy_kwh=max(energy_kwh, self._entry.energy_kwh),
            done=done or self._entry.done,
        )
        self._write()

    def _write(self) -> None:
        self._journal.write(self._name, self._entry)


class EnergyJournal:
    """The energies of all trials of a run, one file per attempt.

    Args:
        folder: Where the files are; made when it is not there.
        lease_s: How long a reservation outlives the last report, s. Positive.
        clock: Seconds since the epoch, the same on all machines.

    Raises:
        ValueError: If ``lease_s`` is not positive (NaN included).
    """

    def __init__(
        self,
        folder: Path,
        *,
        lease_s: float = DEFAULT_LEASE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not lease_s > 0.0:
            raise ValueError(f"lease_s must be positive but got {lease_s}.")
        self.folder = Path(folder).absolute()
        self.lease_s = lease_s
        self._clock = clock

    def open(self, grant: Grant) -> Attempt:
        """Start an attempt: energy 0 and the reservation are on disk when this returns."""
        return Attempt(self, grant)

    def record(self, grant: Grant, energy_kwh: float) -> None:
        """Add energy of a trial that no attempt has reported, kWh."""
        self.open(grant).finish(energy_kwh)

    def entries(self) -> list[Entry]:
        """All attempts, oldest trial first."""
        ended, running = self._read_all()
        return sorted((*ended, *running.values()), key=lambda entry: entry.number)

    def _read_all(self) -> tuple[list[Entry], dict[str, Entry]]:
        """Attempts that have ended, read from their files only once; and others, by file name."""
        seen = _SEEN.setdefault(str(self.folder), {})
        known = dict(seen)  # other threads add to it
        names = self._names()
        for name in known.keys() - names:  # cleared
            del known[name]
            seen.pop(name, None)
        running = {}
        for name in names - known.keys():
            entry = self.read(name)
            if entry is None:
                continue
            if entry.done:
                known[name] = seen[name] = entry
            else:
                running[name] = entry
        return list(known.values()), running

    def balance(self, cap_kwh: float, *, granted: Iterable[Grant] = ()) -> Balance:
        """The state of the budget. Of several attempts at one trial only the last is alive.

        Args:
            cap_kwh: The most all trials together may spend, kWh.
            granted: Trials that were sent to a worker and whose end is not known: their
                reservations hold, whether they have begun or not.
        """
        ended, unfinished = self._read_all()
        running: dict[int, RunningTrial] = {}
        out = {grant.number for grant in granted}
        now_s = self._clock()
        for entry in sorted(unfinished.values(), key=lambda e: e.updated_s):
            earlier = running.get(entry.number)
            burnt_kwh = earlier.spent_kwh if earlier else 0.0
            running[entry.number] = RunningTrial(
                number=entry.number,
                spent_kwh=burnt_kwh + entry.energy_kwh,
                reserved_kwh=burnt_kwh + entry.reserved_kwh,
                live=entry.number in out or now_s - entry.updated_s <= self.lease_s,
            )
        begun = {entry.number for entry in (*ended, *unfinished.values())} if out else set()
        waiting = (
            RunningTrial(number=g.number, spent_kwh=0.0, reserved_kwh=g.reserved_kwh)
            for g in granted
            if g.number not in begun
        )
        return Balance(
            cap_kwh=cap_kwh,
            finished_kwh=math.fsum(e.energy_kwh for e in ended),
            running=(*running.values(), *waiting),
        )

    def settle(self, trial: TrialId | None = None) -> float:
        """Mark attempts at a trial (None: at all trials) as ended: their workers are dead.

        Returns:
            Their energy and that of those that have ended themselves, kWh; 0 if there are none.
        """
        ended, running = self._read_all()
        for name, entry in running.items():
            if trial in (None, entry.trial):
                self.write(name, replace(entry, done=True), renew=False)
        entries = (*ended, *running.values())
        return math.fsum(e.energy_kwh for e in entries if trial in (None, e.trial))

    def clear(self) -> None:
        """Forget everything: the run starts anew."""
        for name in self._names():
            (self.folder / name).unlink()

    def _names(self) -> set[str]:
        try:
            names = os.listdir(self.folder)  # noqa: PTH208 - thousands of names, read at every ask
        except FileNotFoundError:
            return set()
        return {name for name in names if name.endswith(".json")}  # not what is being written

    def read(self, name: str) -> Entry | None:
        """The entry of a file, or None if there is no such file."""
        try:
            text = (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:  # cleared while we were looking
            return None
        data: dict[str, Any] = json.loads(text)
        return Entry(**{**data, "trial": tuple(data["trial"])})

    def write(self, name: str, entry: Entry, *, renew: bool = True) -> None:
        """Replace a file whole, so that readers see the old entry or the new one."""
        if renew:
            entry = replace(entry, updated_s=self._clock())
        partial = self.folder / f".{name}.{uuid.uuid4().hex[:8]}.part"
        try:
            partial.write_text(json.dumps(asdict(entry)), encoding="utf-8")
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(asdict(entry)), encoding="utf-8")
        partial.replace(self.folder / name)
