"""Applies the budget rule to the trials of one study: accounts, admission, the check in flight."""

from __future__ import annotations

import datetime
import math
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from eahas_plugins.budget.attributes import ENERGY_ATTR, known_kwh
from eahas_plugins.budget.balance import Balance, covers
from eahas_plugins.optuna._origin import first_start, leave_word, mark_of, sign
from eahas_plugins.optuna.budget.account import Account
from eahas_plugins.optuna.budget.admission import Admission, Outlook
from eahas_plugins.optuna.budget.completion import Length, is_over
from eahas_plugins.optuna.budget.messages import (
    budget_reason,
    left_out_line,
    limit_reason,
    room_reason,
    say,
    silence_warning,
    standstill_warning,
    warn,
)
from eahas_plugins.optuna.budget.rules import BudgetRules
from eahas_plugins.optuna.budget.study_ledger import StudyLedger

_GIVE_WAY_READS = 20
_GIVE_WAY_S = 0.01  # pause before reading again whether a later trial has given way
_FAR = 10.0  # times the energy that a trial has not written yet, or that one has used which ends

_LENGTHS_KEPT = 100
_SHOW_EVERY_S = 5.0  # while trials run; their ends are always shown


class Show(Protocol):
    """Shows a balance, and the energy of trials that do not count, to people."""

    def __call__(self, study: Study, balance: Balance, *, left_out_kwh: float, ends: bool) -> None:
        """Show them."""


class BudgetController:
    """What one process keeps for a budget and a study; all that matters is in the storage.

    It does not hold the study, which may go when nobody else needs it.

    Args:
        rules: The rules, shared by all studies of the budget.
        show: Shows a balance to people.
    """

    def __init__(self, rules: BudgetRules, *, show: Show) -> None:
        self._rules = rules
        self._account_name: str | None = None
        self._show = show
        self._lock = threading.Lock()
        self._accounts: dict[int, Account] = {}  # of trials that run
        self.ledger = StudyLedger(lease_s=rules.lease_s, count_added=rules.count_added)
        """The energy of the study as last seen."""
        self.admission = Admission(rules, self.ledger)
        """Which trials may start."""
        self._lengths: deque[Length] = deque(maxlen=_LENGTHS_KEPT)
        self._shown_s = -math.inf
        self._warned = False  # of a trial without energy
        self._told_standstill = False
        self._told_left_out = False
        self._told_since: datetime.datetime | None = None

    def balance(self, study: Study) -> Balance:
        """The balance of the study now."""
        rules = self._rules
        return self.ledger.balance(study, cap_kwh=rules.cap_kwh, now_s=rules.clock())

    def latest(self, study: Study) -> Balance:
        """The balance as this process last read it."""
        return self.ledger.latest or self.balance(study)

    def _name(self, study: Study) -> str:
        if self._account_name is None:
            self._account_name = sign(study).name
        return self._account_name

    def open(self, trial: Trial) -> Account:
        """Open a trial's account at zero."""
        account = Account.open(trial, self._name(trial.study))
        with self._lock:
            for number in [n for n in self._accounts if self.ledger.has_finished(n)]:
                del self._accounts[number]  # ask-and-tell has told it
            self._accounts[account.number] = account
        return account

    def account(self, trial: Trial) -> Account:
        """The account of a trial, opened here or elsewhere."""
        account = self._accounts.get(trial.number)
        if account is None:
            with self._lock:
                account = self._accounts.get(trial.number)
                if account is None:
                    account = Account.reopen(trial, self._name(trial.study))
                    self._accounts[account.number] = account
        return account

    def close(self, trial: Trial) -> float | None:
        """Close the account of a trial that ends by itself; returns what it has spent, kWh."""
        with self._lock:
            account = self._accounts.pop(trial.number, None)
        if account is not None and not (account.energy_kwh or account.stopped):
            account.mark("closed")  # its worker was not lost
        return None if account is None else account.energy_kwh

    def saw_end(self, study: Study, trial: FrozenTrial) -> float | None:
        """A trial has been told in this process; returns its energy, kWh, if known."""
        with self._lock:
            self._accounts.pop(trial.number, None)
        if mark_of(trial.user_attrs) is None:
            self.ledger.note_ran(trial.number, trial.datetime_start)
            self.keep_since(study)
        energy_kwh = known_kwh(trial.user_attrs.get(ENERGY_ATTR))
        if not energy_kwh and trial.state is TrialState.COMPLETE:
            self.note_silence(trial.number, trial.user_attrs)
        return energy_kwh

    def keep_since(self, study: Study) -> None:
        """Leave word in the study since when trials without an account count, if any are known."""
        since = self.ledger.since
        if since is not None and (self._told_since is None or since < self._told_since):
            self._told_since = since
            known = first_start(study)
            if known is None or since < known:
                leave_word(study, since)

    def show(self, study: Study, balance: Balance, *, ends: bool = False) -> None:
        """Show a balance to people, and to samplers what does not count."""
        self._show(study, balance, left_out_kwh=sum(self.ledger.left_out_kwh), ends=ends)

    def tell_missing(self, study: Study) -> None:
        """Say once which energy in the study does not count, and that a trial has told none.

        With ask-and-tell nobody else looks at trials that have been told.
        """
        silent = self.ledger.silent
        if silent is not None and not self._warned:
            self.note_silence(silent, study.get_trials(deepcopy=False)[silent].user_attrs)
        added_kwh, earlier_kwh = self.ledger.left_out_kwh
        if (added_kwh or earlier_kwh) and not self._told_left_out:
            self._told_left_out = True
            (warn if earlier_kwh else say)(left_out_line(added_kwh, earlier_kwh))

    def note_length(self, params: Mapping[str, Any], n_reports: int) -> None:
        """A trial that reports no values at steps completed after so many reports of energy."""
        self._lengths.append((params, n_reports))

    def note_silence(self, number: int, attrs: Mapping[str, Any]) -> None:
        """A trial finished without reporting energy; the first of the study is told."""
        with self._lock:
            told, self._warned = self._warned, True
        if not told:
            warn(silence_warning(number, attrs))

    def note_standstill(self, number: int, energy_kwh: float) -> None:
        """A trial goes on reporting the same energy; the first of the study is told."""
        with self._lock:
            told, self._told_standstill = self._told_standstill, True
        if not told:
            warn(standstill_warning(number, energy_kwh))

    # --- must a trial end? ----------------------------------------------------------------------

    def announce(self, account: Account, next_step_kwh: float) -> bool:
        """Announce a trial's next step; False if it must not be taken."""
        account.announce(next_step_kwh)
        account.renew(now_s=self._rules.clock(), lease_s=self._rules.lease_s)
        return not self.must_stop(account)

    def spend(self, account: Account, energy_kwh: float) -> None:
        """Record what a trial has spent so far."""
        step_kwh = energy_kwh - account.energy_kwh
        if self._rules.steady and step_kwh > 0.0:
            account.announce(step_kwh)
        account.spend(energy_kwh)
        account.renew(now_s=self._rules.clock(), lease_s=self._rules.lease_s)

    def is_far_from_end(self, account: Account, energy_kwh: float) -> bool:
        """Whether a trial that has used so much, kWh, is far from all that could end it.

        By the balance as last read: what all running trials might have used meanwhile, each many
        times as much as this one has not written yet, is there.
        """
        balance, rules = self.ledger.latest, self._rules
        if balance is None or account.stopped or rules.steady or rules.skip:
            return False
        new_kwh = energy_kwh - account.energy_kwh
        others_kwh = sum(t.spent_kwh for t in balance.running if t.number != account.number)
        left_kwh = rules.cap_kwh - balance.finished_kwh - others_kwh - energy_kwh
        if rules.limit_kwh is not None and not rules.limit_kwh - energy_kwh > _FAR * new_kwh:
            return False
        return left_kwh > _FAR * len(balance.running) * new_kwh

    def outlook_after(
        self, study: Study, number: int, energy_kwh: float | None, *, is_told: bool
    ) -> Outlook:
        """Whether another trial may start once this one has ended.

        Where the balance has been read since it began, and had room for many more like it beside
        all that ran, it is not read again.

        Args:
            study: The study.
            number: The trial.
            energy_kwh: What it has spent, kWh; None if nobody knows.
            is_told: Whether the storage knows of its end.
        """
        latest, rules = self.ledger.latest, self._rules
        seen = latest is not None and any(t.number == number for t in latest.running)
        if latest is not None and seen and energy_kwh and not (rules.skip or rules.steady):
            balance = latest.at_end_of(number=number, energy_kwh=energy_kwh)
            left_kwh = replace(balance, cap_kwh=rules.cap_kwh).uncommitted_kwh()
            if left_kwh > _FAR * (len(balance.running) + 1) * energy_kwh:
                return "go"
        return self.admission.outlook(study, excluding=None if is_told else number)

    def must_stop(self, account: Account) -> bool:
        """Whether a trial must end before its next step."""
        if account.stopped:
            return True
        step_kwh = account.coming_step_kwh()
        if step_kwh == 0.0:
            return False
        now_s = self._rules.clock()
        balance = self.ledger.balance(account.study, cap_kwh=self._rules.cap_kwh, now_s=now_s)
        if now_s - self._shown_s >= _SHOW_EVERY_S:
            self._shown_s = now_s
            self.show(account.study, balance)
        limit_kwh, needed_kwh = self._rules.limit_kwh, step_kwh or 0.0
        if limit_kwh is not None and not covers(
            limit_kwh - account.energy_kwh, step_kwh, limit_kwh=limit_kwh
        ):
            if is_over(account, self._lengths):
                return False
            reason = limit_reason(account.energy_kwh, limit_kwh, needed_kwh)
            account.stop(reason, by="trial_limit", needed_kwh=needed_kwh, limit_kwh=limit_kwh)
            return True
        if self._must_yield(account, balance, step_kwh):
            if is_over(account, self._lengths):
                return False
            self.ledger.note_refusal(needed_kwh)
            balance = self.latest(account.study)
            reason = budget_reason(balance, needed_kwh)
            account.stop(reason, by="budget", needed_kwh=needed_kwh, **_totals(balance))
            return True
        if self._rules.skip and account.reserved_kwh and not self.admission.fits(account, balance):
            available_kwh = balance.available_kwh(number=account.number)
            account.stop(
                room_reason(balance, account.reserved_kwh, available_kwh),
                by="no_room",
                needed_kwh=account.reserved_kwh,
                available_kwh=available_kwh,
                **_totals(balance),
            )
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
            self._rules.sleep(_GIVE_WAY_S)
            balance = self.balance(account.study)
        return True


def _totals(balance: Balance) -> dict[str, float]:
    return {"spent_kwh": balance.spent_kwh, "cap_kwh": balance.cap_kwh}
