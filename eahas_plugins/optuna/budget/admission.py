"""Admission: which trials may start, which must wait, and when a study has nothing left for any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from optuna.study import Study

from eahas_plugins.budget.balance import Balance
from eahas_plugins.optuna.budget.account import Account
from eahas_plugins.optuna.budget.messages import (
    nothing_fits,
    room_reason,
    say,
    spent_reason,
    waiting_line,
)
from eahas_plugins.optuna.budget.rules import BudgetRules
from eahas_plugins.optuna.budget.study_ledger import StudyLedger
from eahas_plugins.optuna.budget.waiting import Patience

_MAX_GIVING_WAY = 3  # trials that are refused before one waits; the next may need less
_MAX_REFUSALS = 20  # in a row, while the cheapest complete trial would fit

Outlook = Literal["go", "wait", "end"]


class Admission:
    """Who may start in one study.

    A refusal is never final while promises to others may be given back or lapse, and what others
    have announced may yet be left over.

    Args:
        rules: The rules of the budget.
        ledger: The ledger of the study.
    """

    def __init__(self, rules: BudgetRules, ledger: StudyLedger) -> None:
        self._rules = rules
        self._ledger = ledger
        self._n_gave_way = 0  # in a row, for want of room that others hold
        self._misfit_kwh: float | None = None  # what was left when a need of all did not fit

    def _read(self, study: Study) -> Balance:
        rules = self._rules
        return self._ledger.balance(study, cap_kwh=rules.cap_kwh, now_s=rules.clock())

    def _latest(self, study: Study) -> Balance:
        return self._ledger.latest or self._read(study)

    def outlook(self, study: Study, *, excluding: int | None = None) -> Outlook:
        """Whether another trial may start now, later, or never.

        Less left than the dearest step refused so far counts as nothing left, unless complete
        trials have needed less: otherwise workers would start one trial after the other for the
        last crumbs. What others have announced for their next step may yet come back.

        Args:
            study: The study.
            excluding: A trial about to end, whose announced step is not counted.
        """
        balance = self._read(study)
        if self._ledger.untouched and not self._rules.count_added:
            return "go"  # nothing has run here yet; what is in the study came with it
        left_kwh = balance.remaining_kwh
        in_the_way_kwh = balance.at_end_of(number=excluding).reserved_kwh
        misfit = self._misfit_kwh is not None and left_kwh <= self._misfit_kwh
        if misfit or (self._rules.skip and self._ledger.needs.nothing_fits(balance)):
            return "wait" if balance.covers(in_the_way_kwh, None) else "end"
        if self._is_room(balance, balance.uncommitted_kwh(number=excluding)):
            return "go"
        return "wait" if self._is_room(balance, left_kwh) else "end"

    def _is_room(self, balance: Balance, left_kwh: float) -> bool:
        ledger = self._ledger
        if not balance.covers(left_kwh, None):
            return False
        if balance.covers(left_kwh, ledger.dearest_refusal_kwh):
            return True
        cheapest_kwh = ledger.cheapest_kwh
        return (
            cheapest_kwh is not None
            and balance.covers(left_kwh, cheapest_kwh)
            and ledger.n_refused < _MAX_REFUSALS
        )

    def begin(self, account: Account) -> bool:
        """Wait until the trial may begin; False if nothing is left for it."""
        study, number = account.study, account.number
        outlook = self.outlook(study, excluding=number)
        if outlook == "wait":
            account.mark("waiting")
            patience = Patience(self._rules, lambda: self._say_waiting(account))
            while outlook == "wait" and patience.wait():
                outlook = self.outlook(study, excluding=number)
            account.mark("open")
        if outlook == "go":
            return True
        balance = self._latest(study)
        account.stop(
            spent_reason(balance),
            by="budget",
            needed_kwh=0.0,
            spent_kwh=balance.spent_kwh,
            cap_kwh=balance.cap_kwh,
        )
        return False

    def wait_for_room(self, study: Study) -> None:
        """Between trials: wait while all that is left is announced by trials that run."""
        patience = Patience(self._rules)
        while self.outlook(study) == "wait" and patience.wait():
            pass

    def admit(
        self,
        account: Account,
        expect: Callable[[], float | None],
        *,
        told: bool = False,
        varies: bool = False,
    ) -> bool:
        """Reserve what a trial is expected to need; False if it must give way.

        A trial that promises to others leave no room for waits until they are kept or given back.
        Where the next trial may need less, a few give way first.

        Args:
            account: The trial's account.
            expect: Energy of the whole trial, kWh; None if nobody knows. Asked again in a wait.
            told: Whether the trial itself says so.
            varies: Whether another trial may need something else.
        """
        expected_kwh = expect()
        account.tells |= told
        self._ledger.trials_tell |= told
        others_tell = self._ledger.trials_tell and not told
        if not self._rules.skip or expected_kwh is None or others_tell:
            self._reserve(account, expected_kwh, told=told)
            return True  # an objective that tells what it needs is asked once it has told
        if self._reserve_if_it_fits(account, expected_kwh, told=told):
            return True
        patience = Patience(self._rules, lambda: self._say_waiting(account))
        balance = self._latest(account.study)
        while self._is_temporary(account, balance) and not (
            varies and self._is_worth_giving_way(account, balance)
        ):
            if not patience.wait():
                break
            expected_kwh = expect() or 0.0
            balance = self._read(account.study)
            if balance.admits(number=account.number, expected_kwh=self._limited(expected_kwh)):
                if self._reserve_if_it_fits(account, expected_kwh, told=told):
                    return True
                balance = self._latest(account.study)
        self._refuse(account, balance, self._limited(expected_kwh), varies=varies)
        return False

    def _limited(self, expected_kwh: float) -> float:
        limit_kwh = self._rules.limit_kwh
        return expected_kwh if limit_kwh is None else min(expected_kwh, limit_kwh)

    def _reserve(self, account: Account, expected_kwh: float | None, *, told: bool) -> None:
        if expected_kwh is not None:
            reserved_kwh = self._limited(expected_kwh)
            account.reserve(reserved_kwh, exact=told and reserved_kwh == expected_kwh)

    def _reserve_if_it_fits(self, account: Account, expected_kwh: float, *, told: bool) -> bool:
        """Reserve, then read, then decide; whoever has the smaller number goes first."""
        account.mark("open")
        self._reserve(account, expected_kwh, told=told)
        if self.fits(account, self._read(account.study)):
            self._n_gave_way = 0
            self._misfit_kwh = None
            return True
        account.reserve(0.0, exact=False)
        account.mark("waiting")
        return False

    def _is_temporary(self, account: Account, balance: Balance) -> bool:
        """Whether promises to others are in the way."""
        available_kwh = balance.available_kwh(number=account.number)
        return balance.covers(balance.remaining_kwh - available_kwh, None)

    def _is_worth_giving_way(self, account: Account, balance: Balance) -> bool:
        """Whether the next trial may need less, so that none should wait for it."""
        available_kwh = balance.available_kwh(number=account.number)
        return self._n_gave_way < _MAX_GIVING_WAY and self._ledger.needs.may_fit(
            balance, available_kwh
        )

    def _refuse(
        self, account: Account, balance: Balance, needed_kwh: float, *, varies: bool
    ) -> None:
        if self._is_temporary(account, balance):
            self._n_gave_way += 1
        elif not varies:
            self._misfit_kwh = balance.remaining_kwh
        available_kwh = balance.available_kwh(number=account.number)
        account.stop(
            room_reason(balance, needed_kwh, available_kwh),
            by="no_room",
            needed_kwh=needed_kwh,
            available_kwh=available_kwh,
            spent_kwh=balance.spent_kwh,
            cap_kwh=balance.cap_kwh,
        )

    def fits(self, account: Account, balance: Balance) -> bool:
        """Whether what the trial has reserved can be paid, promises to earlier trials kept."""
        to_come_kwh = max(account.reserved_kwh - account.energy_kwh, 0.0)
        return balance.admits(number=account.number, expected_kwh=to_come_kwh)

    def why_it_ends(self, study: Study) -> str:
        """Why the outlook is that the study ends, in words."""
        balance = self._latest(study)
        if not balance.covers(balance.remaining_kwh, None):
            return "the energy budget is used up"
        return f"{nothing_fits(balance)} of the energy budget"

    def _say_waiting(self, account: Account) -> None:
        balance = self._latest(account.study)
        say(waiting_line(account.number, balance, lease_s=self._rules.lease_s))
