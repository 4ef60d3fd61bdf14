"""The budget of a SMAC run: stop before spending, and promise the same energy only once."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any, Literal

from smac.callback.callback import Callback
from smac.main.smbo import SMBO
from smac.runhistory import RunHistory, StatusType, TrialInfo, TrialKey, TrialValue

from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR, known_kwh, kwh_argument
from eahas_plugins.budget.balance import Balance, RunningTrial
from eahas_plugins.budget.journal import EnergyJournal, Grant, TrialId, was_refused
from eahas_plugins.policy import cooling
from eahas_plugins.targets.estimate import EnergyEstimate, EstimatesEnergy

ESTIMATED_ATTR = "energy_estimated"
"""Additional info: true where a lost trial's energy was unknown and its expectation charged."""

Shortfall = Literal["truncate", "skip"]


class EnergyBudgetCallback(Callback):
    """End a SMAC run when its energy has been spent, before the next trial would exceed it.

    Every trial must return its energy: ``return cost, {"energy_kwh": ...}``. Crashed and
    timed-out trials are charged what they burnt; where nobody knows, what they were expected to
    need. The energy-aware facades add this callback themselves. With another facade it works
    alone, but a trial that has started is then not cut short, and overshoots by up to one trial
    per worker.

    A resumed run counts what it has spent already; to raise the cap, resume it with a larger
    ``budget_kwh``.

    Example:
        >>> callback = EnergyBudgetCallback(2.5, shortfall="skip")
        >>> callback.budget_kwh
        2.5

    Args:
        budget_kwh: The most all trials together may spend, kWh. Positive.
        shortfall: What to do with a trial that what is left does not pay for: ``"truncate"``
            starts it and cuts it short, so that the budget is used up; ``"skip"`` ends the run.
        trial_limit_kwh: The most one trial may spend, kWh. Positive; None for no limit.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        budget_kwh: float,
        *,
        shortfall: Shortfall = "truncate",
        trial_limit_kwh: float | None = None,
    ) -> None:
        super().__init__()
        self.budget_kwh = kwh_argument("budget_kwh", budget_kwh)
        if shortfall not in ("truncate", "skip"):
            raise ValueError(f"shortfall must be 'truncate' or 'skip' but got {shortfall!r}.")
        self.shortfall = shortfall
        if trial_limit_kwh is not None:
            trial_limit_kwh = kwh_argument("trial_limit_kwh", trial_limit_kwh)
        self.trial_limit_kwh = trial_limit_kwh
        self.waiting = False
        """Whether the last trial was refused for energy that running ones may give back."""
        self.journal: EnergyJournal | None = None
        self._target: Any = None
        self._runhistory: RunHistory | None = None
        self._granted: dict[TrialId, Grant] = {}
        self._next_number = 0
        self._refused_kwh = 0.0

    def attach(self, runhistory: RunHistory, journal: EnergyJournal, target: Any) -> None:
        """Keep the account on disk. The facades do this; what is there already counts as spent.

        Args:
            runhistory: The run history.
            journal: Where trials write their energy.
            target: The target function; one that ``EstimatesEnergy`` is asked what a trial needs.
        """
        self._runhistory, self.journal, self._target = runhistory, journal, target
        journal.settle()
        entries = journal.entries()
        self._next_number = 1 + max((e.number for e in entries), default=-1)
        journaled = {e.trial for e in entries}
        for key, value in runhistory.items():  # of a history that was copied without its journal
            trial = (key.config_id, key.instance, key.seed, key.budget)
            energy_kwh = known_kwh(value.additional_info.get(ENERGY_ATTR))
            if trial not in journaled and energy_kwh:
                journal.record(self._new_grant(trial), energy_kwh)

    @property
    def spent_kwh(self) -> float:
        """Energy of all trials in every state, kWh."""
        return self.balance().spent_kwh

    @property
    def remaining_kwh(self) -> float:
        """Energy not spent yet, kWh; negative after an overshoot."""
        return self.balance().remaining_kwh

    def alpha(self) -> float:
        """How much energy weighs in decisions: 1 at the start, 0 when all is spent."""
        return cooling(self.spent_kwh, self.budget_kwh)

    def balance(self) -> Balance:
        """The state of the budget now."""
        if self.journal is not None:
            return self.journal.balance(self.budget_kwh, granted=self._granted.values())
        history: Mapping[TrialKey, TrialValue] = self._runhistory or {}
        return Balance(
            cap_kwh=self.budget_kwh,
            finished_kwh=sum(
                known_kwh(v.additional_info.get(ENERGY_ATTR)) or 0.0 for v in history.values()
            ),
            running=tuple(
                RunningTrial(number=g.number, spent_kwh=0.0, reserved_kwh=g.reserved_kwh)
                for g in self._granted.values()
            ),
        )

    def admits(self, info: TrialInfo) -> bool:
        """Whether what is left, promises kept, pays for a trial (``truncate``: for its start)."""
        estimate = self._estimate(info)
        needed_kwh = estimate.first_kwh if self.shortfall == "truncate" else estimate.total_kwh
        return self._covers(needed_kwh)

    def pays_for(self, info: TrialInfo) -> bool:
        """Whether what is left, promises kept, pays for the whole trial, as far as is known."""
        balance = self.balance()
        available_kwh = balance.available_kwh(number=self._next_number)
        return balance.covers(available_kwh, self._estimate(info).total_kwh)

    def grant(self, info: TrialInfo) -> Grant:
        """The trial's number and limits: what it was given when asked for, or new ones."""
        trial = self._trial_id(info)
        if trial not in self._granted:
            self._granted[trial] = self._new_grant(trial, info)
        return self._granted[trial]

    def on_ask_start(self, smbo: SMBO) -> None:
        """Stop the run when nothing is left, or all that is left is promised."""
        self._runhistory = smbo.runhistory
        if not self._covers(None):
            raise StopIteration

    def on_ask_end(self, smbo: SMBO, info: TrialInfo) -> None:
        """Reserve what the trial is expected to need."""
        self.grant(info)

    def on_tell_start(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> bool | None:
        """Charge the trial, whatever became of it."""
        self._runhistory = smbo.runhistory
        if self.waiting:
            # Only the refusal has stopped the run, and this trial gives back what it has not used.
            self.waiting = False
            smbo._stop = False  # SMAC's private name (2.4.1), guarded by tests/.../test_dask.py
        trial = self._trial_id(info)
        reported = known_kwh(value.additional_info.get(ENERGY_ATTR))
        journaled = 0.0
        if self.journal is not None:
            journaled = self.journal.settle(trial)
        if reported is None and journaled == 0.0:
            if value.status == StatusType.SUCCESS:
                raise ValueError(
                    "a target function must report its energy but returned none: "
                    'return cost, {"energy_kwh": kWh}, or wrap the training in EnergyTarget.'
                )
            reported = self.grant(info).reserved_kwh
            value.additional_info[ESTIMATED_ATTR] = True
        total = max(journaled, reported or 0.0)
        grant = self._granted.pop(trial, None)
        if grant is not None and was_refused(str(value.additional_info.get("error", ""))):
            # What it was offered did not pay for one step: stop, or trials fail for ever.
            offered = grant.reserved_kwh if grant.limit_kwh is None else grant.limit_kwh
            self._refused_kwh = max(self._refused_kwh, offered)
        if self.journal is not None and total > journaled:
            self.journal.record(grant or self._new_grant(trial), total - journaled)
        value.additional_info[ENERGY_ATTR] = total
        return None

    def _covers(self, needed_kwh: float | None) -> bool:
        balance = self.balance()
        available_kwh = balance.available_kwh(number=self._next_number)
        fits = balance.covers(available_kwh, needed_kwh)
        fits = fits and balance.covers(available_kwh - self._refused_kwh, None)
        self.waiting = not fits and bool(self._granted)
        return fits

    def _estimate(self, info: TrialInfo) -> EnergyEstimate:
        if isinstance(self._target, EstimatesEnergy):
            estimate = self._target.estimate(
                info.config, seed=info.seed, budget=info.budget, paid_kwh=self._paid_kwh(info)
            )
        else:
            estimate = EnergyEstimate(total_kwh=self._usual_kwh(info.budget))
        limit = self.trial_limit_kwh
        if limit is None:
            return estimate
        total = limit if estimate.total_kwh is None else min(limit, estimate.total_kwh)
        return EnergyEstimate(total_kwh=total, first_kwh=estimate.first_kwh)

    def _new_grant(self, trial: TrialId, info: TrialInfo | None = None) -> Grant:
        number = self._next_number
        self._next_number += 1
        if info is None:
            return Grant(number=number, trial=trial, cap_kwh=self.budget_kwh)
        needed_kwh = self._estimate(info).total_kwh
        balance = self.balance()
        available_kwh = max(0.0, balance.available_kwh(number=number))
        fits = balance.covers(available_kwh, needed_kwh)
        limits = [self.trial_limit_kwh, None if fits else available_kwh]
        return Grant(
            number=number,
            trial=trial,
            cap_kwh=self.budget_kwh,
            reserved_kwh=min(needed_kwh or 0.0, available_kwh),
            limit_kwh=min((k for k in limits if k is not None), default=None),
            paid_kwh=self._paid_kwh(info),
        )

    def _trial_id(self, info: TrialInfo) -> TrialId:
        budget = None if info.budget is None else float(info.budget)
        history = self._runhistory
        if history is None:
            raise RuntimeError("the callback must be given to a facade before it is used.")
        known = history.has_config(info.config)  # else the history is about to give the next id
        number = history.get_config_id(info.config) if known else len(history.config_ids) + 1
        return (number, info.instance, info.seed, budget)

    def _usual_kwh(self, budget: float | None) -> float | None:
        """Median energy of finished trials with this budget, kWh."""
        known = [
            v.additional_info[ENERGY_ATTR]
            for k, v in (self._runhistory or {}).items()
            if k.budget == budget and v.status == StatusType.SUCCESS
        ]
        return median(known) if known else None

    def _paid_kwh(self, info: TrialInfo) -> float:
        """Energy in the longest training of this configuration and seed so far, kWh."""
        history = self._runhistory
        if history is None or not history.has_config(info.config):
            return 0.0
        paid = 0.0
        for earlier in history.get_trials(info.config, highest_observed_budget_only=False):
            if (earlier.instance, earlier.seed) != (info.instance, info.seed):
                continue
            number = history.get_config_id(info.config)
            key = TrialKey(number, earlier.instance, earlier.seed, earlier.budget)
            known = known_kwh(history[key].additional_info.get(TRAINING_ATTR))
            paid = max(paid, known or 0.0)
        return paid
