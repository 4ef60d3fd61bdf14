"""The energy account of a run whose main process hands out trials: SMAC's and HpBandSter's.

Per trial: `RunAccount.admits`, `RunAccount.grant` on its way to a worker, `RunAccount.charge` when
its end is known. Workers write what they burn into the journal; what nobody wrote is estimated.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType
from typing import Literal

from eahas_plugins.budget.attributes import kwh_argument
from eahas_plugins.budget.balance import Balance, RunningTrial, payable
from eahas_plugins.budget.entries import Entry, Grant, TrialId
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.budget.journal_reader import CAP_NAME
from eahas_plugins.files import write_json
from eahas_plugins.policy import cooling

ESTIMATED_ATTR = "energy_estimated"
"""Trial information: true where nobody knows what a trial burnt and its expectation is charged."""

Shortfall = Literal["truncate", "skip"]
_PATIENCE = 5
"""So many trials in a row that what is left does not pay for one step of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a trial was charged.

    Args:
        energy_kwh: Energy of the trial, kWh; None if neither it nor an expectation is known.
        estimated: Whether some of it is an expectation.
    """

    energy_kwh: float | None
    estimated: bool = False


class RunAccount:
    """What a run may spend, has promised and has spent.

    Example:
        >>> account = RunAccount(10.0, shortfall="truncate")
        >>> grant = account.grant((1, None, 0, None), needed_kwh=4.0)
        >>> account.charge(grant.trial, reported_kwh=None, succeeded=False)
        Charge(energy_kwh=4.0, estimated=True)
        >>> account.balance().remaining_kwh
        6.0

    Args:
        cap_kwh: The most all trials together may spend, kWh. Positive.
        shortfall: What becomes of a trial that what is left does not pay for: ``"truncate"``
            starts it and cuts it short, ``"skip"`` does not start it.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(self, cap_kwh: float, *, shortfall: Shortfall) -> None:
        self.cap_kwh = kwh_argument("budget_kwh", cap_kwh)
        if shortfall not in ("truncate", "skip"):
            raise ValueError(f"shortfall must be 'truncate' or 'skip' but got {shortfall!r}.")
        self.shortfall = shortfall
        self.journal: EnergyJournal | None = None
        self.waiting = False
        """Whether the last trial was refused for energy that running ones may give back."""
        self._granted: dict[TrialId, Grant] = {}
        self._offered_kwh: dict[TrialId, float] = {}
        self._next_number = 0
        self._refused_kwh = 0.0
        self._n_refused = 0
        self._charged_kwh: dict[TrialId, float] = {}  # where there is no journal
        self._usual: dict[float | None, list[float]] = {}  # of finished trials, sorted
        self._owed: list[Entry] = []  # lost before anything was known of any trial

    def attach(
        self, journal: EnergyJournal, *, paid_kwh: Mapping[TrialId, float] = MappingProxyType({})
    ) -> list[Entry]:
        """Keep the account on disk; what is there already counts as spent, and is returned.

        Args:
            journal: The journal.
            paid_kwh: What had been paid of the trainings that trials went on with, kWh.
        """
        self.journal = journal
        journal.folder.mkdir(parents=True, exist_ok=True)
        write_json(journal.folder / CAP_NAME, self.cap_kwh, durable=False)
        entries = journal.settle()  # whoever wrote there before is taken for dead
        self._next_number = 1 + max((e.number for e in entries), default=-1)
        for entry in entries:
            if entry.done and entry.energy_kwh:
                self.learn(entry.trial[-1], entry.energy_kwh + paid_kwh.get(entry.trial, 0.0))
        for entry in entries:
            if entry.is_unknown and entry.estimated_kwh is None:
                self._charge_unknown(entry, entry.reserved_kwh)
        return entries

    @property
    def next_number(self) -> int:
        """The number of the next trial."""
        return self._next_number

    @property
    def granted(self) -> Mapping[TrialId, Grant]:
        """Trials whose end is not known."""
        return self._granted

    def balance(self) -> Balance:
        """The state of the budget now."""
        if self.journal is not None:
            return self.journal.balance(self.cap_kwh, granted=self._granted.values())
        return Balance(
            cap_kwh=self.cap_kwh,
            finished_kwh=math.fsum(self._charged_kwh.values()),
            running=tuple(
                RunningTrial(number=g.number, spent_kwh=0.0, reserved_kwh=g.reserved_kwh)
                for g in self._granted.values()
            ),
        )

    def alpha(self) -> float:
        """How much energy weighs in decisions: 1 at the start, 0 when all is spent."""
        return cooling(self.balance().spent_kwh, self.cap_kwh)

    def admits(self, needed_kwh: float | None, *, first_kwh: float | None = None) -> bool:
        """Whether what is left, promises kept, pays for a trial (``truncate``: for its start).

        Args:
            needed_kwh: Energy of the whole trial, kWh; None if unknown.
            first_kwh: Energy below which it cannot begin, kWh; None if unknown.
        """
        needed_kwh = first_kwh if self.shortfall == "truncate" else needed_kwh
        balance = self.balance()
        available_kwh = balance.available_kwh(number=self._next_number)
        fits = balance.covers(available_kwh, needed_kwh)
        if self._n_refused >= _PATIENCE:
            fits = fits and balance.covers(available_kwh - self._refused_kwh, None)
        self.waiting = not fits and bool(self._granted)
        return fits

    def pays_for(self, needed_kwh: float | None) -> bool:
        """Whether what is left, promises kept, pays for a whole trial, as far as is known."""
        balance = self.balance()
        return balance.covers(balance.available_kwh(number=self._next_number), needed_kwh)

    def left_kwh(self) -> float:
        """Energy neither spent nor promised, kWh; whatever it pays for needs no more than that."""
        available_kwh = self.balance().available_kwh(number=self._next_number)
        return payable(available_kwh, limit_kwh=self.cap_kwh)

    def grant(
        self,
        trial: TrialId,
        *,
        needed_kwh: float | None = None,
        limit_kwh: float | None = None,
        paid_kwh: float = 0.0,
    ) -> Grant:
        """Promise a trial its energy.

        Args:
            trial: Which trial of the run history this is.
            needed_kwh: Energy that it is expected to need, kWh; None if unknown.
            limit_kwh: The most it may spend, kWh; None for no limit of its own.
            paid_kwh: Energy of earlier trials whose training it can go on with, kWh.
        """
        balance = self.balance()
        available_kwh = max(0.0, balance.available_kwh(number=self._next_number))
        limits = [limit_kwh, None if balance.covers(available_kwh, needed_kwh) else available_kwh]
        grant = Grant(
            number=self._next_number,
            trial=trial,
            cap_kwh=self.cap_kwh,
            reserved_kwh=min(needed_kwh or 0.0, available_kwh),
            limit_kwh=(least_kwh := min((k for k in limits if k is not None), default=None)),
            own_limit=least_kwh is not None and least_kwh == limit_kwh,
            paid_kwh=paid_kwh,
        )
        self._next_number += 1
        self._granted[trial] = grant
        self._offered_kwh[trial] = min(available_kwh, grant.limit_kwh or available_kwh)
        return grant

    def charge(
        self,
        trial: TrialId,
        *,
        reported_kwh: float | None,
        succeeded: bool,
        refused: bool = False,
        paid_kwh: float = 0.0,
    ) -> Charge:
        """Charge a trial whose end is known: what it wrote or told, else what was expected.

        Args:
            trial: Which trial of the run history this is.
            reported_kwh: Energy that came with its result, kWh; None if none did.
            succeeded: Whether it has a result. One without any energy is charged nothing: the
                host must complain.
            refused: Whether it ended since what it was given did not pay for a single step.
            paid_kwh: What had been paid of the training that it went on with, kWh.
        """
        grant = self._granted.pop(trial, None)
        offered_kwh = self._offered_kwh.pop(trial, 0.0)
        attempts = [] if self.journal is None else self.journal.settle(trial)
        unknown = [e for e in attempts if e.is_unknown and e.estimated_kwh is None]
        written_kwh = math.fsum(e.charged_kwh for e in attempts)
        estimated = any(e.is_unknown for e in attempts) and not refused
        if succeeded:
            self._n_refused, self._refused_kwh = 0, 0.0
        if refused:
            self._was_refused(grant, offered_kwh)
            reported_kwh = reported_kwh or 0.0
        if reported_kwh is None and len(unknown) == len(attempts):
            if succeeded:
                return Charge(energy_kwh=None)
            unknown = unknown or [_unknown(grant, trial)]
        elif reported_kwh is not None and reported_kwh > written_kwh:
            self._add(grant, trial, reported_kwh - written_kwh)
            written_kwh = reported_kwh
        if reported_kwh is not None and unknown:
            latest = unknown.pop()  # what came with the result is about the last attempt
            estimated = bool(unknown)
            if self.journal is not None:
                self.journal.estimate(latest, 0.0)
        reserved_kwh = grant.reserved_kwh if grant is not None else 0.0
        for entry in unknown:
            expected_kwh = self._charge_unknown(entry, reserved_kwh)
            if expected_kwh is None:
                return Charge(energy_kwh=None)
            written_kwh += expected_kwh
            estimated = True
        if succeeded:
            self.learn(trial[-1], written_kwh + paid_kwh)
        return Charge(energy_kwh=written_kwh, estimated=estimated)

    def learn(self, fidelity: float | None, energy_kwh: float) -> None:
        """Let the whole training of a trial that has succeeded count in `usual_kwh`."""
        insort(self._usual.setdefault(fidelity, []), energy_kwh)
        owed, self._owed = self._owed, []
        for entry in owed:
            self._charge_unknown(entry, 0.0)

    def usual_kwh(self, fidelity: float | None) -> float | None:
        """Median energy of finished trainings of this fidelity, kWh; None if there are none."""
        known = self._usual.get(fidelity)
        return median(known) if known else None

    def add(self, trial: TrialId, energy_kwh: float) -> None:
        """Count energy of a trial that this account has not granted, kWh."""
        self._add(None, trial, energy_kwh)

    def _charge_unknown(self, entry: Entry, reserved_kwh: float) -> float | None:
        """Charge an attempt what was expected of it; later, if nothing is known yet."""
        kwh = reserved_kwh or self.usual_kwh(entry.trial[-1]) or self._usual_of_all()
        if kwh is None:
            self._owed.append(entry)
        elif self.journal is None:
            self._charged_kwh[entry.trial] = kwh
        elif entry.name:
            self.journal.estimate(entry, kwh)
        else:
            grant = Grant(number=entry.number, trial=entry.trial, cap_kwh=self.cap_kwh)
            self.journal.record(grant, kwh, estimated=True)
        return kwh

    def _was_refused(self, grant: Grant | None, offered_kwh: float) -> None:
        """What it was offered did not pay for one step of it: one of another trial may be cheaper.

        After several in a row nothing is started until more is left, or they would fail for ever.
        """
        self._n_refused += 1
        if grant is not None:
            left_kwh = self.balance().available_kwh(number=grant.number)
            self._refused_kwh = max(self._refused_kwh, min(offered_kwh, left_kwh))

    def _usual_of_all(self) -> float | None:
        known = [kwh for kwhs in self._usual.values() for kwh in kwhs]
        return median(known) if known else None

    def _add(self, grant: Grant | None, trial: TrialId, energy_kwh: float) -> None:
        if self.journal is None:
            self._charged_kwh[trial] = energy_kwh  # a trial that is told again is not another
            return
        if grant is None:
            grant = Grant(number=self._next_number, trial=trial, cap_kwh=self.cap_kwh)
            self._next_number += 1
        self.journal.record(grant, energy_kwh)


def _unknown(grant: Grant | None, trial: TrialId) -> Entry:
    """A trial that was lost before it began to write."""
    return Entry(name="", number=-1 if grant is None else grant.number, trial=trial)
