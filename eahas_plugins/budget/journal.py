"""Where every trial of a run writes its own energy, so that no death loses any.

SMAC and HpBandSter hear of a trial when it ends. A worker that is killed says nothing, and a
training that times out leaves no result. So each attempt at a trial keeps one small file in the
run's folder, replaced whole at every report, and moves it to its process' log when it ends;
nobody writes another's file, and the total is the sum of all. Workers on other machines need the
folder on a shared file system.

Who takes a worker for dead notes that in a log of his own: the attempt's file stays its worker's,
and should that be alive after all, what it writes still counts. A file that is damaged never ends
a run: it is named in a warning, and its attempt costs what the median one did.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from eahas_plugins.arguments import check_positive
from eahas_plugins.budget.attributes import DEFAULT_LEASE_S, kwh_argument
from eahas_plugins.budget.balance import Balance, RunningTrial
from eahas_plugins.budget.entries import Entry, Grant, TrialId
from eahas_plugins.budget.journal_names import attempt_name, is_attempt, is_log, log_name
from eahas_plugins.budget.journal_reader import JournalReader, Running
from eahas_plugins.files import LineFile, path_argument, write_atomically

_READERS: dict[tuple[str, int], JournalReader] = {}
"""What this process knows, by folder and clock."""
_LOGS: dict[tuple[int, str], Path] = {}
"""The log of a process in a folder."""


class Attempt:
    """One worker's go at a trial.

    Args:
        journal: Where it writes.
        grant: What the trial may spend.
    """

    def __init__(self, journal: EnergyJournal, grant: Grant) -> None:
        self.grant = grant
        self._journal = journal
        self._owner = os.getpid()  # others may write for it, but only this process ends it
        self._entry = Entry(
            name=attempt_name(grant.number),
            number=grant.number,
            trial=grant.trial,
            reserved_kwh=grant.reserved_kwh,
        )
        journal.write(self._entry, durable=False)  # it says nothing yet that could be lost

    @property
    def folder(self) -> Path:
        """The journal's folder."""
        return self._journal.folder

    @property
    def energy_kwh(self) -> float | None:
        """Energy of this attempt so far, kWh; None as long as none has been reported."""
        return self._entry.energy_kwh

    def report(self, energy_kwh: float) -> None:
        """Record the energy of this attempt so far, kWh; this also renews its reservation.

        Raises:
            ValueError: If the energy is negative, infinite or NaN.
        """
        energy_kwh = kwh_argument("energy_kwh", energy_kwh, zero=True)
        known_kwh = self._entry.energy_kwh
        if not (self._entry.done and known_kwh is not None and energy_kwh <= known_kwh):
            self._set(energy_kwh)

    def finish(self, energy_kwh: float) -> None:
        """Record the energy of the whole attempt, kWh, and end it, with one write.

        Raises:
            ValueError: If the energy is negative, infinite or NaN.
        """
        self._set(kwh_argument("energy_kwh", energy_kwh, zero=True), done=True)

    def must_stop(self) -> bool:
        """Whether the trial must end because its limit, or everybody's, has been reached."""
        balance = self._journal.balance(self.grant.cap_kwh)
        return balance.must_stop(number=self.grant.number, limit_kwh=self.grant.limit_kwh)

    @property
    def at_own_limit(self) -> bool:
        """Whether only its own limit ends the trial, while the cap of the study leaves energy."""
        balance = self._journal.balance(self.grant.cap_kwh)
        return self.grant.own_limit and not balance.must_stop(number=self.grant.number)

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
        if self._entry.done:
            return
        written = self._journal.read(self._entry.name)
        self._set(None if written is None else written.energy_kwh, done=True)

    def _set(self, energy_kwh: float | None, *, done: bool = False) -> None:
        known = [kwh for kwh in (energy_kwh, self._entry.energy_kwh) if kwh is not None]
        self._entry = replace(
            self._entry,
            energy_kwh=max(known, default=None),
            updated_s=time.time(),
            done=done or self._entry.done,
        )
        if self._entry.done and os.getpid() == self._owner:
            self._journal.end(self._entry)
        else:
            self._journal.write(self._entry)


class EnergyJournal:
    """The energies of all trials of a run.

    Args:
        folder: Where the files are; made when it is not there.
        lease_s: How long a reservation outlives the last report, s, by the reader's own clock:
            from when this process has last seen the attempt's entry change. Positive.
        clock: Seconds, from anywhere on.

    Raises:
        ValueError: If ``lease_s`` is not positive and finite.
    """

    def __init__(
        self,
        folder: Path,
        *,
        lease_s: float = DEFAULT_LEASE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_positive(lease_s=lease_s)
        self.folder = path_argument("folder", folder).absolute()
        self.lease_s = lease_s
        self._clock = clock

    def open(self, grant: Grant) -> Attempt:
        """Start an attempt: its reservation is on disk when this returns."""
        # Before the attempt, so that no reader sees that vanish before it knows of the log.
        self._log().touch()
        return Attempt(self, grant)

    def record(self, grant: Grant, energy_kwh: float, *, estimated: bool = False) -> None:
        """Add energy of a trial that no attempt has reported, kWh; or what was expected of it.

        Raises:
            ValueError: If the energy is negative, infinite or NaN.
        """
        energy_kwh = kwh_argument("energy_kwh", energy_kwh, zero=True)
        entry = Entry(
            name=attempt_name(grant.number),
            number=grant.number,
            trial=grant.trial,
            energy_kwh=None if estimated else energy_kwh,
            estimated_kwh=energy_kwh if estimated else None,
            updated_s=time.time(),
            done=True,
        )
        self._append([entry])

    def estimate(self, entry: Entry, energy_kwh: float) -> None:
        """Charge an attempt whose energy nobody wrote, kWh. What it writes later replaces this."""
        energy_kwh = kwh_argument("energy_kwh", energy_kwh, zero=True)
        self._append([replace(entry, estimated_kwh=energy_kwh, given_up=True, done=False)])

    def entries(self) -> list[Entry]:
        """All attempts, oldest trial first."""
        running = [r.entry for r in self._reader.running()]
        return sorted((*self._reader.ended.entries(), *running), key=lambda e: e.number)

    def balance(self, cap_kwh: float, *, granted: Iterable[Grant] = ()) -> Balance:
        """The state of the budget. Of several attempts at one trial only the last is alive.

        Args:
            cap_kwh: The most all trials together may spend, kWh.
            granted: Trials that were sent to a worker and whose end is not known: their
                reservations hold, whether they have begun or not.
        """
        attempts = self._reader.running()
        running: dict[int, RunningTrial] = {}
        out = {grant.number for grant in granted}
        now_s = self._clock()
        over_kwh = [self._reader.ended.energy_kwh]
        out_or_alive = out | {a.entry.number for a in attempts if a.since_s != -math.inf}
        for attempt in sorted(attempts, key=_age):
            entry = attempt.entry
            if entry.number not in out_or_alive:  # given up, and silent since
                over_kwh.append(entry.charged_kwh)
                continue
            earlier = running.get(entry.number)
            burnt_kwh = earlier.spent_kwh if earlier else 0.0
            heard_of = entry.number in out or now_s - attempt.since_s <= self.lease_s
            running[entry.number] = RunningTrial(
                number=entry.number,
                spent_kwh=burnt_kwh + entry.charged_kwh,
                reserved_kwh=burnt_kwh + entry.reserved_kwh,
                live=heard_of and not entry.done,
            )
        waiting = (
            RunningTrial(number=g.number, spent_kwh=0.0, reserved_kwh=g.reserved_kwh)
            for g in granted
            if g.number not in running and g.number not in self._reader.ended.numbers
        )
        return Balance(
            cap_kwh=cap_kwh,
            finished_kwh=math.fsum(over_kwh),
            running=(*running.values(), *waiting),
        )

    def settle(self, trial: TrialId | None = None) -> list[Entry]:
        """Give up attempts at a trial (None: at all trials): their workers are taken for dead.

        Returns:
            Those, and the ones that have ended themselves.
        """
        reader = self._reader
        running = [r.entry for r in reader.running() if trial in (None, r.entry.trial)]
        given_up = [replace(entry, given_up=True) for entry in running]
        silent = [entry for entry in given_up if entry.name not in reader.ended.notes]
        if silent:
            self._append([replace(entry, done=False) for entry in silent])
        ended = reader.ended.entries() if trial is None else reader.ended.of_trial(trial)
        return [*ended, *given_up]

    def clear(self) -> None:
        """Forget everything: the run starts anew."""
        for path in self.folder.glob("*"):
            if is_attempt(path.name) or is_log(path.name):
                path.unlink(missing_ok=True)
        _READERS.pop((str(self.folder), id(self._clock)), None)
        _LOGS.pop((os.getpid(), str(self.folder)), None)

    def read(self, name: str) -> Entry | None:
        """What an attempt's file says; None if there is no such file, or it is damaged."""
        return self._reader.entry(name)

    def write(self, entry: Entry, *, durable: bool = True) -> None:
        """Replace an attempt's file whole, so that readers see the old entry or the new one.

        Args:
            entry: What the file will say.
            durable: Whether it must outlive a power cut.
        """
        path, text = self.folder / entry.name, entry.to_json()
        try:
            write_atomically(path, text, durable=durable)
        except FileNotFoundError:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, text, durable=durable)
        self._reader.wrote(entry)

    def end(self, entry: Entry) -> None:
        """Move an attempt from its file to this process' log."""
        self._append([entry])
        (self.folder / entry.name).unlink(missing_ok=True)

    @property
    def _reader(self) -> JournalReader:
        key = (str(self.folder), id(self._clock))
        if key not in _READERS:
            _READERS[key] = JournalReader(self.folder, self._clock)
        return _READERS[key]

    def _log(self) -> Path:
        key = (os.getpid(), str(self.folder))
        if key not in _LOGS:
            self.folder.mkdir(parents=True, exist_ok=True)
            _LOGS[key] = self.folder / log_name()
        return _LOGS[key]

    def _append(self, entries: list[Entry]) -> None:
        with LineFile(self._log(), wait=True) as log:
            log.append("".join(f"{entry.to_json()}\n" for entry in entries))


def _age(attempt: Running) -> tuple[float, float]:
    return (attempt.since_s, attempt.entry.updated_s)
