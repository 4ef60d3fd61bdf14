"""The budget of a SMAC run: stop before spending, and promise the same energy only once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ConfigSpace import Configuration
from smac.callback.callback import Callback
from smac.main.smbo import SMBO
from smac.runhistory import RunHistory, StatusType, TrialInfo, TrialKey, TrialValue

from eahas_plugins.budget.account import ESTIMATED_ATTR, RunAccount, Shortfall
from eahas_plugins.budget.attributes import (
    ENERGY_ATTR,
    known_kwh,
    kwh_argument,
    paid_kwh_of,
    saved_kwh_of,
)
from eahas_plugins.budget.balance import Balance
from eahas_plugins.budget.entries import Grant, TrialId, was_refused
from eahas_plugins.budget.journal import EnergyJournal
from eahas_plugins.policy import cooling
from eahas_plugins.smac._compat import EnergySMBO
from eahas_plugins.smac.answers import takes_attempt
from eahas_plugins.smac.told import check_energies, check_limit, check_one_run, check_result
from eahas_plugins.targets.energy_target import EnergyTarget
from eahas_plugins.targets.estimate import EnergyEstimate, EstimatesEnergy
from eahas_plugins.units import share_text


class EnergyBudgetCallback(Callback):
    """End a SMAC run when its energy has been spent, before the next trial would exceed it.

    Every trial must return its energy: ``return cost, {"energy_kwh": ...}``. Crashed and
    timed-out trials are charged what they burnt; where nobody knows, what they were expected to
    need. The energy-aware facades add this callback themselves. With another facade it works
    alone, but a trial that has started is then not cut short, and overshoots by up to one trial
    per worker.

    A resumed run counts what it has spent already; to raise the cap, resume it with a larger
    ``budget_kwh``.

    A target function without an argument ``attempt`` cannot be cut short: it is not started where
    what such trials usually take is known and does not fit. Until that is known, a trial may exceed
    what is left.

    Example:
        >>> callback = EnergyBudgetCallback(2.5, shortfall="skip")
        >>> callback.budget_kwh
        2.5

    Args:
        budget_kwh: The most all trials together may spend, kWh. Positive.
        shortfall: What to do with a trial that what is left does not pay for: ``"truncate"``
            starts it and cuts it short, so that the budget is used up; ``"skip"`` ends the run.
        trial_limit_kwh: The most one trial may spend, kWh. Positive; None for no limit, which is
            all that a target function without ``attempt``, or another facade, can have.

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
        self._account = RunAccount(budget_kwh, shortfall=shortfall)
        self.budget_kwh = self._account.cap_kwh
        self.shortfall = shortfall
        if trial_limit_kwh is not None:
            trial_limit_kwh = kwh_argument("trial_limit_kwh", trial_limit_kwh)
        self.trial_limit_kwh = trial_limit_kwh
        self._target: Any = None
        self._can_cut = True
        self._runhistory: RunHistory | None = None

    def attach(
        self, runhistory: RunHistory, journal: EnergyJournal | None = None, target: Any = None
    ) -> None:
        """Count what a run has spent. The facades do this; other ones need not.

        Args:
            runhistory: The run history.
            journal: Where trials write their energy; what is there already counts as spent.
            target: The target function; one that ``EstimatesEnergy`` is asked what a trial needs.

        Raises:
            ValueError: If trials have a limit and the target function cannot be cut short.
        """
        self._runhistory, self._target = runhistory, target
        self._can_cut = target is None or takes_attempt(target)
        check_limit(self.trial_limit_kwh, can_cut=self._can_cut)
        paid_kwh: dict[TrialId, float] = {
            (key.config_id, key.instance, key.seed, key.budget): paid_kwh_of(value.additional_info)
            for key, value in runhistory.items()
        }
        entries = [] if journal is None else self._account.attach(journal, paid_kwh=paid_kwh)
        journaled = {entry.trial for entry in entries}
        for key, value in runhistory.items():
            trial = (key.config_id, key.instance, key.seed, key.budget)
            energy_kwh = known_kwh(value.additional_info.get(ENERGY_ATTR))
            if energy_kwh is None:
                continue
            if trial not in journaled:  # copied without its journal, or there is none
                self._account.add(trial, energy_kwh)
            if value.status == StatusType.SUCCESS:
                self._account.learn(key.budget, energy_kwh + paid_kwh[trial])

    @property
    def journal(self) -> EnergyJournal | None:
        """Where trials write their energy."""
        return self._account.journal

    @property
    def waiting(self) -> bool:
        """Whether the last trial was refused for energy that running ones may give back."""
        return self._account.waiting

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
        return self._account.balance()

    def admits(self, info: TrialInfo) -> bool:
        """Whether what is left, promises kept, pays for a trial (``truncate``: for its start)."""
        estimate = self._estimate(info)
        first_kwh = estimate.first_kwh if self._can_cut else estimate.total_kwh
        return self._account.admits(estimate.total_kwh, first_kwh=first_kwh)

    @property
    def tries_others(self) -> bool:
        """Whether a trial that is refused does not keep another one from being tried."""
        return self.shortfall == "skip" or not self._can_cut

    @property
    def knows_each(self) -> bool:
        """Whether each configuration's energy is known by itself, not only what is usual."""
        return isinstance(self._target, EstimatesEnergy)

    def pays_for(self, info: TrialInfo) -> bool:
        """Whether what is left, promises kept, pays for the whole trial, as far as is known."""
        return self._account.pays_for(self._estimate(info).total_kwh)

    def left_kwh(self) -> float:
        """Energy neither spent nor promised, kWh."""
        return self._account.left_kwh()

    def grant(self, info: TrialInfo) -> Grant:
        """The trial's number and limits: what it was given when asked for, or new ones."""
        trial = self._trial_id(info)
        granted = self._account.granted.get(trial)
        if granted is not None:
            return granted
        return self._account.grant(
            trial,
            needed_kwh=self._estimate(info).total_kwh,
            limit_kwh=self.trial_limit_kwh,
            paid_kwh=self._paid_kwh(info),
        )

    def on_ask_start(self, smbo: SMBO) -> None:
        """Stop the run when nothing is left, or all that is left is promised.

        Raises:
            StopIteration: Then, which is SMAC's way to end a run.
        """
        self._attach_to(smbo)
        if not self._account.admits(None):
            raise StopIteration(self.refusal())

    def on_ask_end(self, smbo: SMBO, info: TrialInfo) -> None:
        """Reserve what the trial is expected to need."""
        self.grant(info)

    def on_tell_start(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> bool | None:
        """Charge the trial, whatever became of it.

        Raises:
            ValueError: If it has not ended, has succeeded and told no energy, or one that cannot
                be, or its cost is none of the scenario's.
        """
        self._attach_to(smbo)
        check_result(value, smbo.scenario if isinstance(smbo, EnergySMBO) else None)
        if self._account.waiting:
            # Only the refusal has stopped the run, and this trial gives back what it has not used.
            self._account.waiting = False
            if isinstance(smbo, EnergySMBO):
                smbo.go_on()
        told = value.additional_info
        check_energies(self._trial_id(info), told)
        succeeded = value.status == StatusType.SUCCESS
        if not succeeded:
            self.grant(info)  # one that was never asked for has an expectation all the same
        charge = self._account.charge(
            self._trial_id(info),
            reported_kwh=known_kwh(told.get(ENERGY_ATTR)),
            succeeded=succeeded,
            refused=was_refused(str(told.get("error", ""))),
            paid_kwh=paid_kwh_of(told),
        )
        if charge.energy_kwh is None and succeeded:
            raise ValueError(
                "a target function must report its energy but returned none: "
                'return cost, {"energy_kwh": kWh}, or wrap the training in EnergyTarget.'
            )
        told[ENERGY_ATTR] = charge.energy_kwh
        if charge.estimated:
            told[ESTIMATED_ATTR] = True
        return None

    def on_tell_end(self, smbo: SMBO, info: TrialInfo, value: TrialValue) -> bool | None:
        """A training that has reached the highest rung needs its checkpoint no more."""
        highest = smbo.scenario.max_budget if isinstance(smbo, EnergySMBO) else None
        reached = highest is not None and info.budget is not None and info.budget >= highest
        if reached and value.status == StatusType.SUCCESS:
            self.discard([info.config], seed=info.seed, instance=info.instance)
        return None

    def discard(
        self, configs: Iterable[Configuration], *, seed: int | None, instance: str | None
    ) -> None:
        """Remove checkpoints of configurations that will not be promoted any more."""
        if isinstance(self._target, EnergyTarget):
            for config in configs:
                self._target.discard(config, seed or 0, instance)

    def refusal(self) -> str:
        """Why no trial is handed out, for whoever asks for trials himself."""
        wait = ", but what is promised to running trials" if self._account.granted else ""
        spent = share_text(self.spent_kwh, self.budget_kwh)
        return f"nothing is left that pays for a trial{wait}: {spent} spent."

    def wait_for_running(self) -> None:
        """Say that nothing is left to try now, though trials that end may change that."""
        self._account.waiting = bool(self._account.granted)

    def _attach_to(self, smbo: SMBO) -> None:
        check_one_run(self, self._runhistory, smbo.runhistory)
        if self._runhistory is None:
            check_limit(self.trial_limit_kwh, can_cut=False)
            self.attach(smbo.runhistory)

    def _estimate(self, info: TrialInfo) -> EnergyEstimate:
        estimate = EnergyEstimate(total_kwh=None)
        if isinstance(self._target, EstimatesEnergy):
            estimate = self._target.estimate(
                info.config, seed=info.seed, budget=info.budget, paid_kwh=self._paid_kwh(info)
            )
        total_kwh = estimate.total_kwh
        if total_kwh is None:
            total_kwh = self._account.usual_kwh(info.budget)
        limits = [kwh for kwh in (total_kwh, self.trial_limit_kwh) if kwh is not None]
        return EnergyEstimate(total_kwh=min(limits, default=None), first_kwh=estimate.first_kwh)

    def _trial_id(self, info: TrialInfo) -> TrialId:
        budget = None if info.budget is None else float(info.budget)
        history = self._runhistory
        if history is None:
            raise RuntimeError("the callback must be given to a facade before it is used.")
        known = history.has_config(info.config)  # else the history is about to give the next id
        number = history.get_config_id(info.config) if known else len(history.config_ids) + 1
        return (number, info.instance, info.seed, budget)

    def _paid_kwh(self, info: TrialInfo) -> float:
        """Energy of this configuration's and seed's training that it can go on with, kWh."""
        history = self._runhistory
        if history is None or not history.has_config(info.config):
            return 0.0
        paid = 0.0
        for earlier in history.get_trials(info.config, highest_observed_budget_only=False):
            if (earlier.instance, earlier.seed) != (info.instance, info.seed):
                continue
            number = history.get_config_id(info.config)
            key = TrialKey(number, earlier.instance, earlier.seed, earlier.budget)
            paid = max(paid, saved_kwh_of(history[key].additional_info))
        return paid
