"""One trial's account with the budget: what it writes to the storage, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

from optuna.study import Study
from optuna.trial import Trial

from eahas_plugins.budget.attributes import ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR, known_kwh
from eahas_plugins.budget.balance import ROUNDING
from eahas_plugins.optuna._origin import ACCOUNT_ATTR, State
from eahas_plugins.optuna.budget.readers import STOPPED_ATTR


@dataclass(slots=True, kw_only=True)
class Account:
    """What this process knows of a trial it runs; the storage holds the same.

    A report writes one attribute, the energy. The next step is written only when it changes
    enough to matter.
    """

    trial: Trial
    study_name: str
    energy_kwh: float = 0.0
    is_told: bool = False
    """Whether the storage holds an energy of the trial."""
    n_reports: int = 0
    """Reports of more energy than before, in this process."""
    reserved_kwh: float = 0.0
    exact: bool = False
    """Whether the trial itself has said what it needs in all."""
    tells: bool = False
    """Whether it has said what it needs, in whole or limited."""
    next_step_kwh: float | None = None
    announced_kwh: float = 0.0
    stopped: bool = False
    reason: str = ""
    """Who ended the trial, in words."""
    n_renewals: int = 0
    n_writes: int = 0
    seen_writes: int = -1
    written_s: float = 0.0
    study: Study = field(init=False)
    number: int = field(init=False)

    def __post_init__(self) -> None:
        self.study, self.number = self.trial.study, self.trial.number  # a trial takes long to tell

    @classmethod
    def open(cls, trial: Trial, study_name: str) -> Account:
        """Start from zero, whatever a retried trial has inherited."""
        account, inherited = cls(trial=trial, study_name=study_name), trial.user_attrs
        for key in (ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR):
            if key in inherited:
                account._write(key, 0.0)
        account.is_told = ENERGY_ATTR in inherited
        if STOPPED_ATTR in inherited:
            account._write(STOPPED_ATTR, None)
        account.mark("open")  # last: from now on the numbers above are taken for its own
        return account

    @classmethod
    def reopen(cls, trial: Trial, study_name: str) -> Account:
        """Go on with a trial that was started elsewhere, for instance before a restart."""
        attrs = trial.user_attrs
        return cls(
            trial=trial,
            study_name=study_name,
            energy_kwh=known_kwh(attrs.get(ENERGY_ATTR)) or 0.0,
            is_told=ENERGY_ATTR in attrs,
            reserved_kwh=known_kwh(attrs.get(RESERVED_ATTR)) or 0.0,
            announced_kwh=known_kwh(attrs.get(STEP_ATTR)) or 0.0,
            stopped=bool(attrs.get(STOPPED_ATTR)),
        )

    def _write(self, key: str, value: object) -> None:
        """Store an attribute, past the guard of a guarded trial."""
        Trial.set_user_attr(self.trial, key, value)
        self.n_writes += 1

    def renew(self, *, now_s: float, lease_s: float) -> None:
        """Show that the trial is alive, if nothing else has for a tenth of the lease."""
        if self.n_writes != self.seen_writes:
            self.written_s = now_s
        elif now_s - self.written_s > 0.1 * lease_s:
            self.n_renewals += 1
            self.mark("open")
            self.written_s = now_s
        self.seen_writes = self.n_writes

    def mark(self, state: State) -> None:
        """Say what the account is: that of this trial of this study, and its state."""
        told = [True] if self.tells else []
        self._write(ACCOUNT_ATTR, [self.study_name, self.number, state, self.n_renewals, *told])

    def reserve(self, expected_kwh: float, *, exact: bool) -> None:
        """Ask for ``expected_kwh`` for the whole trial."""
        self.exact = exact
        if expected_kwh != self.reserved_kwh:
            self._write(RESERVED_ATTR, expected_kwh)
            self.reserved_kwh = expected_kwh

    def announce(self, next_step_kwh: float | None) -> None:
        """Say what the next step will need.

        The announcement that others see may be larger than the step, which is safe; it is
        lowered only when it is more than twice as large, which saves writes.
        """
        self.next_step_kwh = next_step_kwh
        if next_step_kwh and not self.announced_kwh / 2 <= next_step_kwh <= self.announced_kwh:
            self._write(STEP_ATTR, next_step_kwh)
            self.announced_kwh = next_step_kwh

    def coming_step_kwh(self) -> float | None:
        """Energy of the next step, kWh; None if unknown, 0 if the trial has done what it said."""
        to_come_kwh = self.reserved_kwh - self.energy_kwh
        if self.exact and abs(to_come_kwh) <= ROUNDING * self.reserved_kwh:
            return 0.0
        return self.next_step_kwh

    def spend(self, energy_kwh: float) -> None:
        """Record the cumulative energy of the trial; less by rounding alone is the same.

        Raises:
            ValueError: If it falls.
        """
        if energy_kwh < self.energy_kwh * (1.0 - ROUNDING):
            raise ValueError(
                f"`{ENERGY_ATTR}` is cumulative and must not fall, but trial "
                f"{self.number} went from {self.energy_kwh} to {energy_kwh} kWh."
            )
        rises = energy_kwh > self.energy_kwh
        energy_kwh = max(energy_kwh, self.energy_kwh)
        if rises or not self.is_told:
            self._write(ENERGY_ATTR, energy_kwh)
            self.energy_kwh, self.is_told = energy_kwh, True
            self.n_reports += rises

    def stop(self, reason: str, *, by: str, **numbers: object) -> None:
        """Leave word of who ended the trial, once.

        Args:
            reason: The same in words.
            by: Who: budget, trial_limit, no_room, pruner or objective.
            numbers: What decided.
        """
        if not self.stopped:
            if by not in ("pruner", "objective") and not self.is_told:
                self.spend(0.0)  # it has not begun
            self._write(STOPPED_ATTR, {"by": by, **numbers})
            self.stopped, self.reason = True, reason
