"""A budget told in trainings: how many kWh those are is known once a few are measured."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from eahas_plugins.arguments import check_counts, check_names, check_numbers
from eahas_plugins.budget.balance import Balance
from eahas_plugins.models.chance import MOST_IN_VAIN
from eahas_plugins.optuna._origin import accounts_of, mark_of
from eahas_plugins.optuna._trials import AUTO, ended_at, training_kwh, usual_lengths
from eahas_plugins.optuna.budget.admission import Outlook
from eahas_plugins.optuna.budget.energy_budget import EnergyBudget
from eahas_plugins.optuna.budget.messages import say, warn
from eahas_plugins.optuna.budget.summary import Outcome
from eahas_plugins.optuna.samplers._schedules import schedules_of
from eahas_plugins.units import energy_text

_MANY = 10
"""Complete trainings of which one should have been of the longest schedule."""


class TrainingsBudget(EnergyBudget):
    """So many times the mean energy of the first complete trainings of the longest schedule.

    For who does not know yet how many kWh a training takes. Until ``n_measured`` trainings are
    complete nothing limits the study but ``trial_limit_kwh``: the cap is infinite. Then it is
    their mean times ``trainings``, the same in every worker and after a restart, since it follows
    from trials alone; later ones do not move it. What was spent before counts. So choose several
    times ``n_measured``: what the study has spent when the cap becomes known may be more than it,
    and a worker elsewhere that is in the middle of a training learns of it at its next one.

    The first trainings are those that the sampler chose, not a fair sample of the space: with
    EA-BOHB they are the best of a few short ones. Other samplers hardly ever hit the end of a range
    of lengths, and a warning says so: count all lengths then. One budget is for one study.

    Example:
        >>> budget = TrainingsBudget(30, n_measured=1)
        >>> budget.cap_kwh
        inf
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def objective(trial):
        ...     trial.set_user_attr("energy_kwh", 0.5)
        ...     return trial.suggest_float("x", 0.0, 1.0)
        >>> study = optuna.create_study()
        >>> study.optimize(budget.guard(objective), callbacks=[budget])
        >>> budget.cap_kwh, len(study.trials)
        (15.0, 30)

    Args:
        trainings: The cap as a number of trainings. At least ``n_measured``.
        fidelity_param: Parameter whose values are the lengths of complete trainings, of which
            the longest counts; ``"auto"`` for the one with a usual name. Without one every
            complete trial counts.
        n_measured: Trainings that tell the mean. At least 1.
        **budget: Arguments of `EnergyBudget` but ``kwh`` and ``kg_co2e``.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        trainings: float,
        *,
        fidelity_param: str | None = AUTO,
        n_measured: int = 3,
        **budget: Any,
    ) -> None:
        check_counts(1, n_measured=n_measured)
        if fidelity_param is not None:
            check_names(fidelity_param=fidelity_param)
        super().__init__(1.0, **budget)
        self._n_measured = n_measured
        self._mean_kwh: float | None = None  # of a training, once it is measured
        self.trainings = trainings
        self._fidelity_param = fidelity_param
        self._study_name: str | None = None
        self._since = 0  # the first trial after it was given the study
        self._told_none = False  # that no training had the longest schedule

    @property
    def n_measured(self) -> int:
        """Trainings that tell the mean."""
        return self._n_measured

    @property
    def trainings(self) -> float:
        """The cap as a number of trainings; may be set while the study runs."""
        return self._trainings

    @trainings.setter
    def trainings(self, trainings: float) -> None:
        """Set it; the same trials as before tell how many kWh that is.

        Raises:
            ValueError: If it is less than ``n_measured``, or not finite.
        """
        check_numbers(trainings=trainings)
        if not self._n_measured <= trainings < math.inf:
            raise ValueError(
                f"trainings must be finite, at least n_measured={self._n_measured}, but got "
                f"{trainings}."
            )
        self._trainings = trainings
        mean_kwh = self._mean_kwh
        self._rules.cap_kwh = math.inf if mean_kwh is None else trainings * mean_kwh

    def start(
        self,
        trial: Trial,
        *,
        expected_kwh: float | None = None,
        next_step_kwh: float | None = None,
    ) -> bool:
        """As `EnergyBudget.start`."""
        self._measure(trial.study)
        return super().start(trial, expected_kwh=expected_kwh, next_step_kwh=next_step_kwh)

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """As with `EnergyBudget`."""
        self._measure(study)
        super().__call__(study, trial)

    def exhausted(self, study: Study) -> bool:
        """As `EnergyBudget.exhausted`; not before the cap is known."""
        self._measure(study)
        return super().exhausted(study)

    def balance(self, study: Study) -> Balance:
        """As `EnergyBudget.balance`; the cap is infinite until it is known."""
        self._measure(study)
        return super().balance(study)

    def _measure(self, study: Study) -> None:
        """Set the cap, once enough trainings are complete.

        Raises:
            ValueError: If it is another study's budget.
        """
        name = study.study_name
        if self._study_name not in (None, name):
            raise ValueError(
                f"a budget in trainings must serve one study but got {name!r} after "
                f"{self._study_name!r}: make another one for it."
            )
        if self._study_name is None:
            self._study_name, self._since = name, len(study.get_trials(deepcopy=False))
        if self.cap_kwh < math.inf:
            return
        accounts = accounts_of(study)
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        own = [
            trial
            for trial in sorted(complete, key=ended_at)
            if (mark := mark_of(trial.user_attrs)) is not None and accounts.own(mark, trial.number)
        ]
        longest = [trial for trial in own if self._is_longest(trial)]
        energies = [kwh for trial in longest if (kwh := training_kwh(trial)) is not None]
        first = energies[: self.n_measured]
        if len(first) == self.n_measured:
            mean_kwh = self._mean_kwh = fmean(first)
            self.cap_kwh = self.trainings * mean_kwh
            say(
                f"The energy budget is {self.trainings:g} trainings of {energy_text(mean_kwh)}, "
                f"{energy_text(self.cap_kwh)}: the mean of the first {len(first)} complete ones, "
                f"which took {energy_text(min(first))} to {energy_text(max(first))}."
            )
        elif len(own) >= _MANY and not (longest or self._told_none):
            self._told_none = True
            parameter, value = self._longest(own[-1])
            warn(
                f"{len(own)} trials of {name!r} are complete, none of them with the longest "
                f"{parameter}, {value!r}. Until {self.n_measured} are, nobody knows how many kWh "
                f"{self.trainings:g} trainings are, and the budget does not limit the study. Pass "
                "fidelity_param=None to count trainings of every length, or give the cap as kwh=."
            )

    def _reason_to_end(self, study: Study, outlook: Outlook, outcome: Outcome | None) -> str | None:
        reason = super()._reason_to_end(study, outlook, outcome)
        if reason is not None or self.cap_kwh < math.inf:
            return reason
        trials = study.get_trials(deepcopy=False)[self._since :]
        longest = [t for t in trials if t.state.is_finished() and self._is_longest(t)]
        if len(longest) < MOST_IN_VAIN or any(t.state is not TrialState.FAIL for t in longest):
            return None
        return (
            f"all {len(longest)} trainings of the longest schedule have failed, so nobody knows "
            f"how many kWh {self.trainings:g} trainings are"
        )

    def _is_longest(self, trial: FrozenTrial) -> bool:
        parameter, longest = self._longest(trial)
        return parameter is None or bool(trial.params[parameter] == longest)

    def _longest(self, trial: FrozenTrial) -> tuple[str | None, Any]:
        """The parameter that is the length of a training, and its largest value; None without."""
        name = self._fidelity_param
        if name == AUTO:
            usual = usual_lengths(trial.distributions)
            name = usual[0] if len(usual) == 1 else None
        if name is None or name not in trial.distributions:
            return None, None
        return name, schedules_of(trial.distributions[name], name=name)[-1]
