"""A cap on the energy of a whole study, shared by all its workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from eahas_plugins.arguments import check_flags, check_positive
from eahas_plugins.budget.attributes import DEFAULT_LEASE_S, kwh_argument
from eahas_plugins.optuna.budget.admission import Outlook
from eahas_plugins.optuna.budget.display import BudgetDisplay
from eahas_plugins.optuna.budget.ending import Ending
from eahas_plugins.optuna.budget.guard import GuardedObjective
from eahas_plugins.optuna.budget.of_studies import BudgetOfStudies
from eahas_plugins.optuna.budget.reservation import Reserve, expectation
from eahas_plugins.optuna.budget.rules import BudgetRules, cap_of
from eahas_plugins.optuna.budget.summary import Outcome

Values = TypeVar("Values")


class EnergyBudget(BudgetOfStudies):
    """A cap on the energy that all trials of a study may spend together, in any number of workers.

    Each trial writes only its own ``energy_kwh``, and the total is the sum over all trials that ran
    in the study, in every state, so it is exact with threads, processes and machines on one
    storage, survives killed workers, and goes on where it stood when a study is resumed; a larger
    cap may be given then, or set (``budget.cap_kwh = 2.0``). The cap is per study: one budget may
    serve several, in turn or at once. Failed, pruned and killed trials keep what they burnt, a
    retry starts from zero, and a trial whose worker was lost before it reported anything is charged
    the step it had announced, else what was reserved for it, else the median of finished trials.

    A running trial ends once the budget, or its own limit, is reached. That overshoots by at most
    one step (epoch) per worker; by none where the next step's energy is known. A study ends when
    the cap is reached, when nothing fits, nothing runs and no promise can lapse, or when 50 trials
    have failed and none has not. Optuna makes a trial before it asks, so a spent study that is
    optimised again gets an empty pruned one, which says why; ask ``exhausted(study)`` before.

    Which trials ran in the study? Those that started under a budget or an ``EnergyTracker`` bear an
    attribute, ``energy_account``, that says so. Others count if they started after the first trial
    that is known to have run here, as those of a worker without a budget do; so do all of a study
    in which no budget has been at work yet. What came by ``add_trials`` or ``create_trial``, or
    finished unmarked before then, counts only with ``count_added``; the log says how much that is.
    A whole ``copy_study`` carries on what its original has spent.

    Use it in one of three ways. `guard` wraps an objective: its trial's ``should_prune()`` then
    answers for the budget too. With ask-and-tell call `start` and `report`. As a callback alone it
    stops the study between trials. A trial without energy is warned about once in a study.

    Do not ask ``should_prune()`` after the last step: a training that ends there is PRUNED,
    although it is complete. Where earlier trials tell the length of a training (all that completed
    ended at this step, or at one that a parameter tells), one at its last step is let through.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> budget = EnergyBudget(kwh=1.0)
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", 0.0, 1.0)
        ...     for epoch in range(1, 11):
        ...         trial.set_user_attr("energy_kwh", 0.01 * epoch)
        ...         trial.report(x, epoch)
        ...         if epoch < 10 and trial.should_prune():
        ...             raise optuna.TrialPruned
        ...     return x
        >>> study = optuna.create_study()
        >>> study.optimize(budget.guard(objective), callbacks=[budget])
        >>> round(budget.spent_kwh(study), 3)
        1.0

    Args:
        kwh: The cap, kWh. Positive. Give either this or ``kg_co2e``.
        kg_co2e: The cap as emissions, kg CO2 equivalent; needs ``g_per_kwh``.
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh; with ``kwh`` only for display.
        trial_limit_kwh: The most a single trial may spend, kWh.
        reserve: Energy a trial is expected to need, promised to it when it starts: kWh, a
            function ``(study, trial) -> kWh or None``, None for no promise, or "auto": the limit
            per trial, else the highest rung of the pruner, else the median of finished trials.
            An objective that knows better sets the trial attribute ``energy_reserved_kwh``.
        shortfall: What becomes of a trial that cannot be paid to its end. "truncate" starts it
            all the same, so that the budget is used up; "skip" gives way, or waits while promises
            to others are in its way (in a thread of ``n_jobs`` for a minute at most). It is an
            empty pruned trial; five in a row end a study whose latest twenty would not fit either.
        lease_s: How long a promise is believed of a trial that does not change, s, by this
            process's own clock. Longer than a step, and than a lock's grace of the storage.
        steady: Whether a step may be expected to need what the one before it did. Lets trainings
            that cannot know their next step look ahead.
        min_gain_per_kwh: Stop the study when the best value (feasible and finite) improved by less
            than this per kWh over the last ``gain_window_kwh``.
        gain_window_kwh: Window of ``min_gain_per_kwh``, kWh. By default a fifth of the cap.
        count_added: Whether energy that trials spent elsewhere uses up this budget too.
        show_progress: Whether to show a progress bar of energy.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        kwh: float | None = None,
        *,
        kg_co2e: float | None = None,
        g_per_kwh: float | None = None,
        trial_limit_kwh: float | None = None,
        reserve: Reserve = "auto",
        shortfall: Literal["truncate", "skip"] = "truncate",
        lease_s: float = DEFAULT_LEASE_S,
        steady: bool = False,
        min_gain_per_kwh: float | None = None,
        gain_window_kwh: float | None = None,
        count_added: bool = False,
        show_progress: bool = False,
    ) -> None:
        if trial_limit_kwh is not None:
            trial_limit_kwh = kwh_argument("trial_limit_kwh", trial_limit_kwh)
        if shortfall not in ("truncate", "skip"):
            raise ValueError(f"`shortfall` must be 'truncate' or 'skip' but got {shortfall!r}.")
        check_positive(lease_s=lease_s)
        check_flags(steady=steady, count_added=count_added, show_progress=show_progress)
        self.reserve = reserve
        rules = BudgetRules(
            cap_kwh=cap_of(kwh, kg_co2e, g_per_kwh),
            limit_kwh=trial_limit_kwh,
            skip=shortfall == "skip",
            lease_s=float(lease_s),
            steady=steady,
            count_added=count_added,
        )
        super().__init__(rules, BudgetDisplay(g_per_kwh=g_per_kwh, show_progress=show_progress))
        self._ending = Ending(min_gain_per_kwh=min_gain_per_kwh, gain_window_kwh=gain_window_kwh)

    def guard(self, objective: Callable[[Any], Values]) -> Callable[[Trial], Values]:
        """Wrap an objective so that its trials obey the budget.

        The objective gets a trial that is the same in everything but this:

        - ``should_prune()`` is True also when the budget or the trial's limit is reached. It may
          be asked in multi-objective studies too, where it answers for the budget alone.
        - ``set_user_attr("energy_kwh", …)``, cumulative and after each step, is what the budget
          counts. An objective that does not ask ``should_prune()``, and any multi-objective one,
          is ended there by ``TrialPruned``.
        - ``set_user_attr("energy_reserved_kwh", …)`` and ``set_user_attr("energy_step_kwh", …)``
          tell the budget what the whole trial and its next step will need, if that is known.
          They raise ``TrialPruned`` if that cannot be paid.

        A trial that is pruned says by whom in the log and in its attribute ``energy_stopped``.
        """
        return GuardedObjective(self, objective)

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Stop the study between trials once nothing more can be paid (a callback)."""
        controller = self.controller(study)
        energy_kwh = controller.saw_end(study, trial)
        if self._settle(study, trial.number, energy_kwh, None) == "wait":
            controller.admission.wait_for_room(study)

    def start(
        self,
        trial: Trial,
        *,
        expected_kwh: float | None = None,
        next_step_kwh: float | None = None,
    ) -> bool:
        """Open the trial's account at zero and reserve what it is expected to need.

        Args:
            trial: A trial just asked for.
            expected_kwh: Energy of the whole trial, kWh; by default as ``reserve`` says.
            next_step_kwh: Energy of its first step, kWh, if known.

        Returns:
            Whether the trial may run. If not, tell it as pruned.

        Raises:
            ValueError: If an energy is not usable, or the study has several objectives and
                ``min_gain_per_kwh`` is given.
        """
        controller = self.controller_of(trial)
        self._ending.check(trial.study)
        account = controller.open(trial)
        began = controller.admission.begin(account)
        controller.tell_missing(trial.study)
        if not began:
            return False

        def expect() -> float | None:
            if expected_kwh is not None:
                return kwh_argument("expected_kwh", expected_kwh, zero=True)
            return expectation(
                self.reserve,
                trial,
                limit_kwh=self.trial_limit_kwh,
                median_kwh=controller.ledger.median_kwh(),
            )

        told = expected_kwh is not None
        admitted = controller.admission.admit(
            account, expect, told=told, varies=told or callable(self.reserve)
        )
        return admitted and (next_step_kwh is None or self.announce(trial, next_step_kwh))

    def announce(self, trial: Trial, next_step_kwh: float) -> bool:
        """Announce the energy of the trial's next step, kWh; False if it must not be taken.

        Raises:
            ValueError: If it is not a finite number, or negative.
        """
        next_step_kwh = kwh_argument("energy_step_kwh", next_step_kwh, zero=True)
        controller = self.controller_of(trial)
        return controller.announce(controller.account(trial), next_step_kwh)

    def record(self, trial: Trial, energy_kwh: float) -> None:
        """Record what the trial has spent so far, kWh, without asking whether it must end.

        Raises:
            ValueError: If it is not a finite number, negative, or less than before.
        """
        energy_kwh = kwh_argument("energy_kwh", energy_kwh, zero=True)
        controller = self.controller_of(trial)
        controller.spend(controller.account(trial), energy_kwh)

    def report(
        self, trial: Trial, *, energy_kwh: float, next_step_kwh: float | None = None
    ) -> bool:
        """Record what the trial has spent so far, and announce its next step if that is known.

        Args:
            trial: A running trial.
            energy_kwh: Its cumulative energy, kWh.
            next_step_kwh: Energy of its next step, kWh; None if unknown, 0 if it is done.

        Returns:
            Whether the trial must end now.

        Raises:
            ValueError: If an energy is not a finite number, negative, or less than before.
        """
        self.record(trial, energy_kwh)
        if next_step_kwh is not None:
            return not self.announce(trial, next_step_kwh)
        return self.must_stop(trial)

    def must_stop(self, trial: Trial) -> bool:
        """Whether the trial must end before its next step."""
        controller = self.controller_of(trial)
        return controller.must_stop(controller.account(trial))

    def finish(self, trial: Trial, *, outcome: Outcome | None = None) -> None:
        """Close the trial's account; inside ``study.optimize`` stop the study if nothing is left.

        `guard` does this. With ask-and-tell it is optional.

        Args:
            trial: A trial about to be told.
            outcome: How it ends, if that is known.
        """
        outcome = outcome or Outcome(trial.number, TrialState.RUNNING)
        energy_kwh = self.controller_of(trial).close(trial)
        self._settle(trial.study, trial.number, energy_kwh, outcome)

    def exhausted(self, study: Study) -> bool:
        """Whether no further trial should start: the condition of an ask-and-tell loop.

        The cap is reached, or what is left pays neither for the dearest step refused so far nor for
        the cheapest complete trial, nothing fits (``shortfall="skip"``), or the study stagnates.
        """
        controller = self.controller(study)
        reason = self._reason_to_end(study, controller.admission.outlook(study), None)
        controller.keep_since(study)
        controller.tell_missing(study)
        return reason is not None

    def close(self) -> None:
        """Remove the progress bar before the process ends."""
        self._display.close()

    def _settle(
        self, study: Study, number: int, energy_kwh: float | None, outcome: Outcome | None
    ) -> Outlook:
        self._ending.check(study)
        controller = self.controller(study)
        outlook = controller.outlook_after(study, number, energy_kwh, is_told=outcome is None)
        reason = self._reason_to_end(study, outlook, outcome)
        balance = controller.latest(study).at_end_of(number=number, energy_kwh=energy_kwh)
        controller.show(study, balance, ends=reason is not None)
        if reason is not None:
            self._display.close(study)
            self._ending.tell(study, balance, reason=reason, outcome=outcome)
            self._ending.stop(study)
        return outlook

    def _reason_to_end(self, study: Study, outlook: Outlook, outcome: Outcome | None) -> str | None:
        if outlook == "end":
            return self.controller(study).admission.why_it_ends(study)
        return self._ending.reason(study, cap_kwh=self.cap_kwh, outcome=outcome)
