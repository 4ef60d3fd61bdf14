"""One trial's account with the budget: what it writes to the storage, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

from optuna.study import Study
from optuna.trial import Trial

from eahas_plugins.budget.attributes import ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR, known_kwh
from eahas_plugins.optuna.budget.readers import LEASE_ATTR, STOPPED_ATTR
from eahas_plugins.optuna.budget.study_ledger import StudyLedger


def write_attr(trial: Trial, key: str, value: object) -> None:
    """Store an attribute past the guard of a guarded trial."""
    Trial.set_user_attr(trial, key, value)


@dataclass(slots=True, kw_only=True)
class Account:
    """What this process knows of a trial it runs; the storage holds the same.

    A report writes one attribute, the energy. The next step and the lease are written only when
    they change enough to matter.
    """

    trial: Trial
    ledger: StudyLedger
    """The ledger of the trial's study."""
    energy_kwh: float = 0.0
    reserved_kwh: float = 0.0
    exact: bool = False
    """Whether the trial itself has said what it needs in all."""
    next_step_kwh: float | None = None
    announced_kwh: float = 0.0
    lease_until_s: float = 0.0
    stopped: bool = False
    study: Study = field(init=False)
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self.study, self.number = self.trial.study, self.trial.number  # a trial takes long to tell

    @classmethod
    def open(cls, trial: Trial, ledger: StudyLedger) -> Account:
        """Start from zero, whatever a retried trial has inherited."""
        inherited = trial.user_attrs
        write_attr(trial, ENERGY_ATTR, 0.0)
        for key in (RESERVED_ATTR, STEP_ATTR):
            if key in inherited:
                write_attr(trial, key, 0.0)
        if STOPPED_ATTR in inherited:
            write_attr(trial, STOPPED_ATTR, None)
        if LEASE_ATTR in inherited:
            write_attr(trial, LEASE_ATTR, [trial.number, 0.0])
        return cls(trial=trial, ledger=ledger)

    @classmethod
    def reopen(cls, trial: Trial, ledger: StudyLedger) -> Account:
        """Go on with a trial that was started elsewhere, for instance before a restart."""
        attrs = trial.user_attrs
        return cls(
            trial=trial,
            ledger=ledger,
            energy_kwh=known_kwh(attrs.get(ENERGY_ATTR)) or 0.0,
            reserved_kwh=known_kwh(attrs.get(RESERVED_ATTR)) or 0.0,
            announced_kwh=known_kwh(attrs.get(STEP_ATTR)) or 0.0,
            stopped=bool(attrs.get(STOPPED_ATTR)),
        )

    def reserve(self, expected_kwh: float, *, exact: bool) -> None:
        """Ask for ``expected_kwh`` for the whole trial."""
        self.exact = exact
        if expected_kwh != self.reserved_kwh:
            write_attr(self.trial, RESERVED_ATTR, expected_kwh)
            self.reserved_kwh = expected_kwh

    def announce(self, next_step_kwh: float | None) -> None:
        """Say what the next step will need.

        The announcement that others see may be larger than the step, which is safe; it is
        lowered only when it is more than twice as large, which saves writes.
        """
        self.next_step_kwh = next_step_kwh
        if next_step_kwh and not self.announced_kwh / 2 <= next_step_kwh <= self.announced_kwh:
            write_attr(self.trial, STEP_ATTR, next_step_kwh)
            self.announced_kwh = next_step_kwh

    def coming_step_kwh(self, *, tolerance: float) -> float | None:
        """Energy of the next step, kWh; None if unknown, 0 if the trial has done what it said."""
        to_come_kwh = self.reserved_kwh - self.energy_kwh
        if self.exact and abs(to_come_kwh) <= tolerance * self.reserved_kwh:
            return 0.0
        return self.next_step_kwh

    def spend(self, energy_kwh: float) -> None:
        """Record the cumulative energy of the trial."""
        if energy_kwh < self.energy_kwh:
            raise ValueError(
                f"`{ENERGY_ATTR}` is cumulative and must not fall, but trial "
                f"{self.number} went from {self.energy_kwh} to {energy_kwh} kWh."
            )
        if energy_kwh != self.energy_kwh:
            write_attr(self.trial, ENERGY_ATTR, energy_kwh)
            self.energy_kwh = energy_kwh

    def renew(self, *, now_s: float, lease_s: float) -> None:
        """Renew the lease once a tenth of it has passed."""
        if not (self.reserved_kwh or self.announced_kwh):
            return  # nothing is promised
        if self.lease_until_s - now_s > 0.9 * lease_s:
            return
        self.lease_until_s = now_s + lease_s
        write_attr(self.trial, LEASE_ATTR, [self.number, self.lease_until_s])

    def stop(self, *, by: str, needed_kwh: float) -> None:
        """Leave word of who ended the trial, once."""
        if not self.stopped:
            write_attr(self.trial, STOPPED_ATTR, {"by": by, "needed_kwh": needed_kwh})
            self.stopped = True
