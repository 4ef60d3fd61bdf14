"""An objective and its trial, wrapped so that they obey a budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from optuna.exceptions import TrialPruned
from optuna.trial import Trial

from eahas_plugins.budget.attributes import ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR

if TYPE_CHECKING:
    from eahas_plugins.optuna.budget.energy_budget import EnergyBudget

Values = TypeVar("Values")


class GuardedObjective(Generic[Values]):
    """See `EnergyBudget.guard`."""

    def __init__(self, budget: EnergyBudget, objective: Callable[[Any], Values]) -> None:
        self._budget = budget
        self._objective = objective

    def __call__(self, trial: Trial) -> Values:
        """Run one trial. A trial of no study (``FixedTrial``) has no budget and runs free."""
        if not isinstance(trial, Trial):
            return self._objective(trial)
        try:
            if not self._budget.start(trial):
                raise TrialPruned("The energy budget is used up.")
            return self._objective(GuardedTrial(trial, self._budget))
        finally:
            self._budget.finish(trial)


class GuardedTrial(Trial):
    """A trial whose ``should_prune()`` and energy attributes answer for a budget too."""

    __slots__ = ("_budget", "_multi_objective", "_owes_answer")

    def __init__(self, trial: Trial, budget: EnergyBudget) -> None:
        self.__dict__ = trial.__dict__  # one trial with two faces: whatever one learns both know
        self._budget = budget
        self._multi_objective = len(self.study.directions) > 1  # Optuna has no pruner to ask there
        self._owes_answer = self._multi_objective

    def should_prune(self) -> bool:
        """Whether the budget or the pruner wants the trial to end."""
        self._owes_answer = False
        return self._budget.must_stop(self) or (
            not self._multi_objective and super().should_prune()
        )

    def set_user_attr(self, key: str, value: Any) -> None:
        """Set an attribute; the energy attributes go to the budget.

        Raises:
            TrialPruned: If the budget wants the trial to end and has no other way to say so.
        """
        if key == ENERGY_ATTR:
            self._record(value)
        elif key == RESERVED_ATTR:
            if not self._budget.reserve_for(self, value):
                raise TrialPruned(
                    f"What is left of the energy budget does not pay for {value} kWh."
                )
        elif key == STEP_ATTR:
            if not self._budget.announce(self, value):
                raise TrialPruned(f"The energy budget does not pay for a step of {value} kWh.")
        else:
            super().set_user_attr(key, value)

    def _record(self, energy_kwh: float) -> None:
        """Record energy; an objective that did not ask after the last step is answered here."""
        self._budget.record(self, energy_kwh)
        if energy_kwh == 0.0:
            return
        if self._owes_answer and self._budget.must_stop(self):
            raise TrialPruned("The energy budget is used up.")
        self._owes_answer = True
