"""Applies the budget rule to Optuna trials: accounts, admission and the check in flight."""

from __future__ import annotations

import threading
import time
from typing import Any
from weakref import WeakKeyDictionary

from optuna.study import Study
from optuna.trial import Trial

from eahas_plugins.budget.balance import Balance
from eahas_plugins.optuna.budget.account import Account
from eahas_plugins.optuna.budget.study_ledger import StudyLedger

_GIVE_WAY_READS = 20
_GIVE_WAY_S = 0.01  # pause before reading again whether a later trial has given way
_MAX_SKIPS = 20  # trials skipped in a row by one worker; then nothing fits
_DONE = 1e-9  # relative


class BudgetBook:
    """What one process keeps for a budget. Everything that matters is in the study's storage.

    Args:
        cap_kwh: The most all trials together may spend, kWh.
        limit_kwh: The most one trial may spend, kWh.
        skip: Whether a trial that cannot be paid to its end gives way.
        lease_s: How long a promise outlives the last report of its trial, s.
        steady: Whether the next step may be expected to need what the last one did.
    """

    def __init__(
        self, *, cap_kwh: float, limit_kwh: float | None, skip: bool, lease_s: float, steady: bool
    ) -> None:
        self._cap_kwh = cap_kwh
        self._limit_kwh = limit_kwh
        self._skip = skip
        self._lease_s = lease_s
        self._steady = steady
        self._clock = time.time
        self._sleep = time.sleep
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._ledgers: WeakKeyDictionary[Study, StudyLedger] = WeakKeyDictionary()
        self._accounts: dict[tuple[Study, int], Account] = {}  # of trials that run
        self._n_skips = 0
        self._trials_tell = False
        self._nothing_fits = False

    def __getstate__(self) -> dict[str, Any]:
        derived = ("_lock", "_ledgers", "_accounts")
        return {key: value for key, value in vars(self).items() if key not in derived}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget()
        vars(self).update(state)

    def ledger(self, study: Study) -> StudyLedger:
        """The ledger of a study."""
        with self._lock:
            return self._ledger(study)

    def _ledger(self, study: Study) -> StudyLedger:
        return self._ledgers.get(study) or self._ledgers.setdefault(study, StudyLedger())

    def balance(self, study: Study) -> Balance:
        """The balance of a study now."""
        return self._read(study, self.ledger(study))

    def _read(self, study: Study, ledger: StudyLedger) -> Balance:
        return ledger.balance(study, cap_kwh=self._cap_kwh, now_s=self._clock())

    def latest(self, study: Study) -> Balance:
        """The balance as this process last read it."""
        return self.ledger(study).latest or self.balance(study)

    def open(self, trial: Trial) -> Account:
        """Open a trial's account at zero."""
        ledger = self.ledger(trial.study)
        account = Account.open(trial, ledger)
        with self._lock:
            for study, number in list(self._accounts):
                if study is trial.study and ledger.has_finished(number):
                    del self._accounts[study, number]  # ask-and-tell has told it
            self._accounts[trial.study, account.number] = account
        return account

    def account(self, trial: Trial) -> Account:
        """The account of a trial, opened here or elsewhere."""
        key = (trial.study, trial.number)
        account = self._accounts.get(key)
        if account is None:
            with self._lock:
                account = self._accounts.get(key)
                if account is None:
                    account = Account.reopen(trial, self._ledger(trial.study))
                    self._accounts[key] = account
        return account

    def close(self, study: Study, number: int) -> None:
        """Forget the account of a trial that has ended."""
        with self._lock:
            self._accounts.pop((study, number), None)

    def exhausted(self, study: Study, *, excluding: int | None = None) -> bool:
        """Whether no further trial should start; the step of trial ``excluding`` is not counted.

        Less left than the dearest step refused so far counts as nothing left: otherwise workers
        would start one trial after the other for the last crumbs.
        """
        if self._nothing_fits:
            return True
        ledger = self.ledger(study)
        balance = self._read(study, ledger)
        left_kwh = balance.uncommitted_kwh(number=excluding)
        refused_kwh = ledger.dearest_refusal_kwh
        return not (balance.covers(left_kwh, None) and balance.covers(left_kwh, refused_kwh))

    def admit(self, account: Account, expected_kwh: float | None, *, told: bool) -> bool:
        """Reserve what a trial is expected to need; False if it must give way.

        Args:
            account: The trial's account.
            expected_kwh: Energy of the whole trial, kWh; None if nobody knows.
            told: Whether the trial itself says so, and the next trial may say something else.
        """
        if expected_kwh is not None:
            wished_kwh = expected_kwh
            if self._limit_kwh is not None:
                expected_kwh = min(wished_kwh, self._limit_kwh)
            account.reserve(expected_kwh, exact=told and expected_kwh == wished_kwh)
        account.renew(now_s=self._clock(), lease_s=self._lease_s)
        self._trials_tell |= told
        if not self._skip or expected_kwh is None or (self._trials_tell and not told):
            return True  # an objective that tells what it needs is asked once it has told
        if self._fits(account, self._read(account.study, account.ledger)):
            self._n_skips = 0
            return True
        self._n_skips += 1
        self._nothing_fits = not told or self._n_skips >= _MAX_SKIPS
        account.stop(by="no_room", needed_kwh=expected_kwh)
        account.reserve(0.0, exact=False)
        return False

    def announce(self, account: Account, next_step_kwh: float) -> bool:
        """Announce a trial's next step; False if it must not be taken."""
        account.announce(next_step_kwh)
        account.renew(now_s=self._clock(), lease_s=self._lease_s)
        return not self.must_stop(account)

    def spend(self, account: Account, energy_kwh: float) -> None:
        """Record what a trial has spent so far."""
        step_kwh = energy_kwh - account.energy_kwh
        if self._steady and step_kwh > 0.0:
            account.announce(step_kwh)
        account.spend(energy_kwh)
        account.renew(now_s=self._clock(), lease_s=self._lease_s)

    def must_stop(self, account: Account) -> bool:
        """Whether a trial must end before its next step."""
        if account.stopped:
            return True
        step_kwh = account.coming_step_kwh(tolerance=_DONE)
        if step_kwh == 0.0:
            return False
        balance = self._read(account.study, account.ledger)
        if self._limit_kwh is not None and not balance.covers(
            self._limit_kwh - account.energy_kwh, step_kwh
        ):
            account.stop(by="trial_limit", needed_kwh=step_kwh or 0.0)
            return True
        if self._must_yield(account, balance, step_kwh):
            account.ledger.note_refusal(step_kwh or 0.0)
            account.stop(by="budget", needed_kwh=step_kwh or 0.0)
            return True
        if self._skip and account.reserved_kwh and not self._fits(account, balance):
            account.stop(by="no_room", needed_kwh=account.reserved_kwh)
            return True
        return False

    def _must_yield(self, account: Account, balance: Balance, step_kwh: float | None) -> bool:
        """Whether the study cannot pay the step; gives trials that come later time to yield."""
        number = account.number
        for _ in range(_GIVE_WAY_READS):
            if not balance.must_stop(number=number, next_step_kwh=step_kwh):
                return False
            if step_kwh is None or not balance.goes_first(number=number, next_step_kwh=step_kwh):
                return True
            self._sleep(_GIVE_WAY_S)
            balance = self._read(account.study, account.ledger)
        return True

    def _fits(self, account: Account, balance: Balance) -> bool:
        to_come_kwh = max(account.reserved_kwh - account.energy_kwh, 0.0)
        return balance.admits(number=account.number, expected_kwh=to_come_kwh)
