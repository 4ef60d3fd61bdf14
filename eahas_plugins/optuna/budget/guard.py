"""An objective and its trial, wrapped so that they obey a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from optuna.exceptions import TrialPruned
from optuna.study import Study
from optuna.trial import Trial, TrialState

from eahas_plugins.budget.attributes import ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR, kwh_argument
from eahas_plugins.optuna.budget.account import Account
from eahas_plugins.optuna.budget.controller import BudgetController
from eahas_plugins.optuna.budget.messages import error_line, pruner_reason
from eahas_plugins.optuna.budget.summary import Outcome
from eahas_plugins.optuna.pruners._several import refuse_idle_pruner

Values = TypeVar("Values")

_SAME_OF_A_TRIAL = 3
"""Repetitions of an energy after which it is said that it must grow."""


class Gate(Protocol):
    """What a guarded objective needs of a budget."""

    def controller(self, study: Study) -> BudgetController:
        """What applies the budget to a study."""

    def start(self, trial: Trial) -> bool:
        """Open the trial's account; whether it may run."""

    def finish(self, trial: Trial, *, outcome: Outcome | None = None) -> None:
        """Close the account of a trial that ends so."""


class GuardedObjective(Generic[Values]):
    """See `EnergyBudget.guard`.

    Raises:
        TypeError: If the objective is no function.
    """

    def __init__(self, gate: Gate, objective: Callable[[Any], Values]) -> None:
        if not callable(objective):
            raise TypeError(f"objective must be a function of a trial but got {objective!r}.")
        self._gate = gate
        self._objective = objective

    def __call__(self, trial: Trial) -> Values:
        """Run one trial. A trial of no study (``FixedTrial``) has no budget and runs free.

        Raises:
            ValueError: If the trial obeys another budget already, or the study has several
                objectives and a pruner of ours, which would never be asked.
        """
        if not isinstance(trial, Trial):
            return self._objective(trial)
        controller, number = self._gate.controller(trial.study), trial.number
        if isinstance(trial, GuardedTrial):
            trial.check_obeys(controller)
            return self._objective(trial)
        outcome = Outcome(number, TrialState.FAIL)
        try:
            started = self._gate.start(trial)
            account = controller.account(trial)
            if not started:
                raise TrialPruned(account.reason)
            guarded = GuardedTrial(trial, controller, account)
            try:
                values = self._objective(guarded)
            except TrialPruned as pruned:
                why, own_words = guarded.why_pruned(), str(pruned)
                if why in own_words:
                    raise
                raise TrialPruned(f"{own_words} {why}".strip()) from pruned
            outcome = Outcome(number, *_told(values, len(trial.study.directions)))
            if outcome.state is TrialState.COMPLETE:
                guarded.completed()
            return values
        except TrialPruned:
            outcome = Outcome(number, TrialState.PRUNED)
            raise
        except Exception as error:
            outcome = outcome._replace(error=error_line(error))
            raise
        finally:
            self._gate.finish(trial, outcome=outcome)


def _told(values: Any, n_objectives: int) -> tuple[TrialState, Sequence[float] | None]:
    """What Optuna will make of an objective's answer."""
    several = values if isinstance(values, Sequence) else [values]
    try:
        numbers = [float(value) for value in several]
    except (TypeError, ValueError):
        return TrialState.FAIL, None
    failed = len(numbers) != n_objectives or any(math.isnan(number) for number in numbers)
    return (TrialState.FAIL, None) if failed else (TrialState.COMPLETE, numbers)


class GuardedTrial(Trial):
    """A trial whose ``should_prune()`` and energy attributes answer for a budget too."""

    __slots__ = (
        "_account",
        "_by_pruner",
        "_controller",
        "_multi_objective",
        "_n_same",
        "_owes_answer",
        "_waits",
    )

    def __init__(self, trial: Trial, controller: BudgetController, account: Account) -> None:
        self.__dict__ = trial.__dict__  # one trial with two faces: whatever one learns both know
        self._controller = controller
        self._account = account
        self._by_pruner = False
        self._waits = False
        self._n_same = 0.0  # reports of the same energy, if it never grows
        self._multi_objective = len(self.study.directions) > 1  # Optuna has no pruner to ask there
        self._owes_answer = self._multi_objective
        refuse_idle_pruner(self.study)

    def check_obeys(self, controller: BudgetController) -> None:
        """Check that it is this budget which the trial obeys, where an objective is guarded twice.

        Raises:
            ValueError: If it is another one.
        """
        if controller is not self._controller:
            raise ValueError(
                "a trial must obey one EnergyBudget, but its objective is guarded by two: guard it "
                "once, by the smaller budget."
            )

    def should_prune(self) -> bool:
        """Whether the budget or the pruner wants the trial to end."""
        self._owes_answer = False
        waits, self._waits = self._waits, False
        if not waits and self._controller.must_stop(self._account):
            return True
        self._by_pruner = not self._multi_objective and super().should_prune()
        return self._by_pruner

    def set_user_attr(self, key: str, value: Any) -> None:
        """Set an attribute; the energy attributes go to the trial's account.

        Raises:
            TrialPruned: If the budget wants the trial to end and has no other way to say so.
            ValueError: If an energy is not a finite number, negative, or less than before.
        """
        if key == ENERGY_ATTR:
            self._waits = False
            self._record(kwh_argument(ENERGY_ATTR, value, zero=True))
        elif key == RESERVED_ATTR:
            needed_kwh = kwh_argument(RESERVED_ATTR, value, zero=True)
            if not self._controller.admission.admit(
                self._account, lambda: needed_kwh, told=True, varies=True
            ):
                raise TrialPruned(self._account.reason)
        elif key == STEP_ATTR:
            step_kwh = kwh_argument(STEP_ATTR, value, zero=True)
            if not self._controller.announce(self._account, step_kwh):
                raise TrialPruned(self._account.reason)
        else:
            super().set_user_attr(key, value)

    def may_wait(self, energy_kwh: float) -> bool:
        """Whether it makes no difference to the budget to learn of this energy a little later."""
        self._waits = self._controller.is_far_from_end(self._account, energy_kwh)
        self._account.n_reports += self._waits  # else it is counted when it is written
        return self._waits

    def why_pruned(self) -> str:
        """Who wants the trial to end, in words; the trial's attributes keep it too."""
        account, pruner = self._account, type(self.study.pruner).__name__
        if self._by_pruner:
            step = self.study.get_trials(deepcopy=False)[account.number].last_step
            reason = pruner_reason(pruner, step, account.energy_kwh)
            account.stop(reason, by="pruner", pruner=pruner)
        else:
            account.stop("Pruned by the objective itself.", by="objective")
        return account.reason

    def completed(self) -> None:
        """The training is over: what it can tell about itself and others."""
        self._controller.note_length(self.params, self._account.n_reports)
        if not self._account.energy_kwh:
            self._controller.note_silence(self._account.number, self.user_attrs)
        if self._n_same >= _SAME_OF_A_TRIAL:
            self._controller.note_standstill(self._account.number, self._account.energy_kwh)

    def _record(self, energy_kwh: float) -> None:
        """Record energy; an objective that did not ask after the last step is answered here."""
        if energy_kwh == 0.0:
            self._controller.spend(self._account, energy_kwh)
            return
        if energy_kwh == self._account.energy_kwh:
            self._n_same += 1
        elif self._account.energy_kwh:
            self._n_same = -math.inf  # it does add up, if only now and then
        self._controller.spend(self._account, energy_kwh)
        if self._owes_answer and self._controller.must_stop(self._account):
            raise TrialPruned(self._account.reason)
        self._owes_answer = True
