"""One budget for any number of studies: its rules, and what it keeps for each of them."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from optuna.study import Study
from optuna.trial import Trial

from eahas_plugins.arguments import check_made
from eahas_plugins.budget.attributes import kwh_argument
from eahas_plugins.budget.balance import Balance
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.optuna.budget.controller import BudgetController
from eahas_plugins.optuna.budget.display import BudgetDisplay
from eahas_plugins.optuna.budget.reservation import Reserve, checked_reserve
from eahas_plugins.optuna.budget.rules import BudgetRules

FIXED = frozenset(
    (
        *("kwh", "kg_co2e", "g_per_kwh", "shortfall", "lease_s", "steady"),
        *("min_gain_per_kwh", "gain_window_kwh", "count_added", "show_progress"),
    )
)
"""Arguments that may not be set later."""


class BudgetOfStudies(LocalState):
    """The part of a budget that all ways of using it share.

    What it keeps for a study goes with the study, and does not travel with a pickled budget: the
    storage holds all that matters.

    Args:
        rules: The rules.
        display: Shows balances to people.
    """

    def __init__(self, rules: BudgetRules, display: BudgetDisplay) -> None:
        self._rules = rules
        self._display = display
        self._make_local()

    def _make_local(self) -> None:
        self._lock = threading.Lock()
        self._controllers: WeakKeyDictionary[Study, BudgetController] = WeakKeyDictionary()

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute; what only the constructor takes would have no effect.

        Raises:
            AttributeError: If it is such an argument.
        """
        if name in FIXED and type(self).__module__.startswith(__package__):  # none of a subclass
            raise AttributeError(
                f"{name} must be given when a budget is made: cap_kwh, trial_limit_kwh and reserve "
                "may be set later; for anything else make another budget, the study keeps what it "
                "has spent."
            )
        super().__setattr__(name, value)

    @property
    def cap_kwh(self) -> float:
        """The most all trials of a study together may spend, kWh; may be set while it runs."""
        return self._rules.cap_kwh

    @cap_kwh.setter
    def cap_kwh(self, kwh: float) -> None:
        self._rules.cap_kwh = kwh_argument("cap_kwh", kwh)

    @property
    def trial_limit_kwh(self) -> float | None:
        """The most a single trial may spend, kWh; None for no limit. May be set."""
        return self._rules.limit_kwh

    @trial_limit_kwh.setter
    def trial_limit_kwh(self, kwh: float | None) -> None:
        self._rules.limit_kwh = None if kwh is None else kwh_argument("trial_limit_kwh", kwh)

    @property
    def reserve(self) -> Reserve:
        """Energy a trial is expected to need, as the constructor takes it. May be set."""
        return self._reserve

    @reserve.setter
    def reserve(self, reserve: Reserve) -> None:
        self._reserve = checked_reserve(reserve)

    def controller(self, study: Study) -> BudgetController:
        """What applies this budget to one study.

        Raises:
            TypeError: If it is no study.
        """
        if not isinstance(study, Study):
            check_made(Study, study=study)
        controller = self._controllers.get(study)
        if controller is None:
            with self._lock:
                controller = self._controllers.get(study)
                if controller is None:
                    controller = BudgetController(self._rules, show=self._display.update)
                    self._controllers[study] = controller
        return controller

    def controller_of(self, trial: Trial) -> BudgetController:
        """What applies this budget to the study of a trial.

        Raises:
            TypeError: If it is no trial that a study has given out.
        """
        if not isinstance(trial, Trial):
            check_made(Trial, trial=trial)
        return self.controller(trial.study)

    def balance(self, study: Study) -> Balance:
        """Cap, spent and reserved energy of the study now, read from its storage."""
        return self.controller(study).balance(study)

    def spent_kwh(self, study: Study) -> float:
        """Energy spent by all trials that ran in the study, in every state, kWh."""
        return self.balance(study).spent_kwh

    def may_start(self, study: Study) -> bool:
        """Whether a trial asked for now would begin at once: for one loop that has many workers.

        False once nothing is left, and while all that is left is announced by trials that run: wait
        for one of these then.
        """
        return self.controller(study).admission.outlook(study) == "go"
