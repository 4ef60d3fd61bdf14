"""A cap on the energy of a whole study, shared by all its workers."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial

from eahas_plugins.budget.attributes import DEFAULT_LEASE_S, kwh_argument
from eahas_plugins.budget.balance import Balance
from eahas_plugins.optuna.budget.controller import BudgetBook
from eahas_plugins.optuna.budget.display import BudgetDisplay
from eahas_plugins.optuna.budget.guard import GuardedObjective
from eahas_plugins.optuna.budget.stagnation import gain_has_dried_up

Reserve = float | Literal["auto"] | Callable[[Study, Trial], float | None] | None
Values = TypeVar("Values")


class EnergyBudget:
    """A cap on the energy that all trials of a study may spend together, in any number of workers.

    Each trial writes only its own ``energy_kwh``, and the total is the sum over all trials in
    every state, so it is exact with threads, processes and machines on one storage, survives
    killed workers, and goes on where it stood when a study is resumed; a larger cap may be given
    then. Failed, pruned and killed trials keep what they burnt, a retry starts from zero.

    A running trial ends once the budget, or its own limit, is reached: at most one step
    (epoch) per worker too much. Where the energy of the next step is known the check looks one
    step ahead and nothing is overspent.

    Use it in one of three ways. `guard` wraps an objective: its trial's ``should_prune()`` then
    answers for the budget too. With ask-and-tell call `start` and `report` yourself. As a
    callback alone it stops the study between trials.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> budget = EnergyBudget(kwh=1.0)
        >>> def objective(trial):
        ...     x = trial.suggest_float("x", 0.0, 1.0)
        ...     for epoch in range(10):
        ...         trial.set_user_attr("energy_kwh", 0.01 * (epoch + 1))
        ...         trial.report(x, epoch)
        ...         if trial.should_prune():
        ...             raise optuna.TrialPruned
        ...     return x
        >>> study = optuna.create_study()
        >>> study.optimize(budget.guard(objective), callbacks=[budget])
        >>> round(budget.spent_kwh(study), 3)
        1.0

    Args:
        kwh: The cap, kWh. Positive. Give either this or ``kg_co2e``.
        kg_co2e: The cap as emissions, kg CO2 equivalent; needs ``g_per_kwh``.
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh. With ``kwh`` it only adds
            emissions to what is shown.
        kwh_per_trial: The most a single trial may spend, kWh.
        reserve: Energy a trial is expected to need, promised to it when it starts: kWh, a
            function ``(study, trial) -> kWh or None``, None for no promise, or "auto": the limit
            per trial, else the highest rung of the pruner, else the median of finished trials.
            An objective that knows better sets the trial attribute ``energy_reserved_kwh``.
        shortfall: What becomes of a trial that cannot be paid to its end. "truncate" starts it
            all the same, so that the budget is used up; "skip" gives way, and the study stops
            when nothing fits.
        lease_s: How long a promise outlives the last report of its trial, s. Longer than a step.
        steady: Whether a step may be expected to need what the one before it did. Lets trainings
            that cannot know their next step look ahead.
        min_gain_per_kwh: Stop the study when the best value improved by less than this per kWh
            over the last ``gain_window_kwh``.
        gain_window_kwh: Window of ``min_gain_per_kwh``, kWh. By default a fifth of the cap.
        show_progress: Whether to show a progress bar in kWh.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        kwh: float | None = None,
        *,
        kg_co2e: float | None = None,
        g_per_kwh: float | None = None,
        kwh_per_trial: float | None = None,
        reserve: Reserve = "auto",
        shortfall: Literal["truncate", "skip"] = "truncate",
        lease_s: float = DEFAULT_LEASE_S,
        steady: bool = False,
        min_gain_per_kwh: float | None = None,
        gain_window_kwh: float | None = None,
        show_progress: bool = False,
    ) -> None:
        self.cap_kwh = _cap_kwh(kwh, kg_co2e, g_per_kwh)
        self.kwh_per_trial = (
            None if kwh_per_trial is None else kwh_argument("kwh_per_trial", kwh_per_trial)
        )
        if not (reserve is None or reserve == "auto" or callable(reserve)):
            reserve = kwh_argument("reserve", reserve)
        if shortfall not in ("truncate", "skip"):
            raise ValueError(f"`shortfall` must be 'truncate' or 'skip' but got {shortfall!r}.")
        if not 0.0 < lease_s < math.inf:
            raise ValueError(f"`lease_s` must be a positive number of seconds but got {lease_s}.")
        if min_gain_per_kwh is not None and not 0.0 < min_gain_per_kwh < math.inf:
            raise ValueError(f"`min_gain_per_kwh` must be positive but got {min_gain_per_kwh}.")
        if gain_window_kwh is None:
            gain_window_kwh = self.cap_kwh / 5.0
        self.min_gain_per_kwh = min_gain_per_kwh
        self.gain_window_kwh = kwh_argument("gain_window_kwh", gain_window_kwh)
        self.reserve: Reserve = reserve
        self._book = BudgetBook(
            cap_kwh=self.cap_kwh,
            limit_kwh=self.kwh_per_trial,
            skip=shortfall == "skip",
            lease_s=float(lease_s),
            steady=steady,
        )
        self._display = BudgetDisplay(g_per_kwh=g_per_kwh, show_progress=show_progress)

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
        """
        return GuardedObjective(self, objective)

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Stop the study between trials once nothing more can be paid (a callback)."""
        self._book.close(study, trial.number)
        self._settle(study, excluding=None)

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
        """
        self._check_study(trial.study)
        account = self._book.open(trial)
        exhausted = self._book.exhausted(trial.study, excluding=trial.number)
        self._display.update(trial.study, self._book.latest(trial.study))
        if exhausted:
            account.stop(by="budget", needed_kwh=0.0)
            return False
        told = expected_kwh is not None
        if expected_kwh is None:
            expected_kwh = self._default_expectation(trial)
        else:
            expected_kwh = kwh_argument("expected_kwh", expected_kwh, zero=True)
        if not self._book.admit(account, expected_kwh, told=told):
            return False
        return next_step_kwh is None or self.announce(trial, next_step_kwh)

    def reserve_for(self, trial: Trial, expected_kwh: float) -> bool:
        """Reserve what a started trial now knows it will need in all, kWh; False to give way."""
        expected_kwh = kwh_argument("energy_reserved_kwh", expected_kwh, zero=True)
        return self._book.admit(self._book.account(trial), expected_kwh, told=True)

    def announce(self, trial: Trial, next_step_kwh: float) -> bool:
        """Announce the energy of the trial's next step, kWh; False if it must not be taken."""
        next_step_kwh = kwh_argument("energy_step_kwh", next_step_kwh, zero=True)
        return self._book.announce(self._book.account(trial), next_step_kwh)

    def record(self, trial: Trial, energy_kwh: float) -> None:
        """Record what the trial has spent so far, kWh, without asking whether it must end."""
        energy_kwh = kwh_argument("energy_kwh", energy_kwh, zero=True)
        self._book.spend(self._book.account(trial), energy_kwh)

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
        """
        self.record(trial, energy_kwh)
        if next_step_kwh is not None:
            return not self.announce(trial, next_step_kwh)
        return self.must_stop(trial)

    def must_stop(self, trial: Trial) -> bool:
        """Whether the trial must end before its next step."""
        account = self._book.account(trial)
        stop = self._book.must_stop(account)
        if account.ledger.latest is not None:
            self._display.update(trial.study, account.ledger.latest)
        return stop

    def finish(self, trial: Trial) -> None:
        """Close the trial's account; inside ``study.optimize`` stop the study if nothing is left.

        `guard` does this. With ask-and-tell it is optional.
        """
        self._settle(trial.study, excluding=trial.number)
        self._book.close(trial.study, trial.number)

    def balance(self, study: Study) -> Balance:
        """Cap, spent and reserved energy of the study now, read from its storage."""
        return self._book.balance(study)

    def spent_kwh(self, study: Study) -> float:
        """Energy spent by all trials of the study, in every state, kWh."""
        return self.balance(study).spent_kwh

    def exhausted(self, study: Study) -> bool:
        """Whether no further trial should start: the condition of an ask-and-tell loop.

        That is when the cap is reached, when less is left than the dearest step that the budget
        has refused, when nothing fits (``shortfall="skip"``), or when gains have dried up.
        """
        return self._exhausted(study, excluding=None)

    def close(self) -> None:
        """Remove the progress bar before the process ends."""
        self._display.close()

    def _settle(self, study: Study, *, excluding: int | None) -> None:
        self._check_study(study)
        exhausted = self._exhausted(study, excluding=excluding)
        balance = self._book.latest(study).without_promise_to(number=excluding)
        self._display.update(study, balance, now=True)
        if exhausted:
            self._display.close()
            with contextlib.suppress(RuntimeError):  # outside `optimize`, where none is to stop
                study.stop()

    def _exhausted(self, study: Study, *, excluding: int | None) -> bool:
        if self._book.exhausted(study, excluding=excluding):
            return True
        if self.min_gain_per_kwh is None:
            return False
        return gain_has_dried_up(
            (t for t in study.get_trials(deepcopy=False) if t.state.is_finished()),
            study.direction,
            min_gain_per_kwh=self.min_gain_per_kwh,
            window_kwh=self.gain_window_kwh,
        )

    def _default_expectation(self, trial: Trial) -> float | None:
        if callable(self.reserve):
            expected_kwh = self.reserve(trial.study, trial)
        elif self.reserve == "auto":
            expected_kwh = self.kwh_per_trial or getattr(trial.study.pruner, "max_kwh", None)
            if expected_kwh is None:
                expected_kwh = self._book.ledger(trial.study).median_kwh()
        else:
            expected_kwh = self.reserve  # kWh or None
        return None if expected_kwh is None else kwh_argument("reserve", expected_kwh, zero=True)

    def _check_study(self, study: Study) -> None:
        if self.min_gain_per_kwh is not None and len(study.directions) > 1:
            raise ValueError(
                "`min_gain_per_kwh` needs a study with one objective but this one has "
                f"{len(study.directions)}; leave it out."
            )


def _cap_kwh(kwh: float | None, kg_co2e: float | None, g_per_kwh: float | None) -> float:
    if (kwh is None) == (kg_co2e is None):
        raise ValueError("Give the cap either as `kwh` or as `kg_co2e`.")
    if g_per_kwh is not None and not 0.0 < g_per_kwh < math.inf:
        raise ValueError(f"`g_per_kwh` must be positive but got {g_per_kwh}.")
    if kg_co2e is None:
        return kwh_argument("kwh", kwh)
    if g_per_kwh is None:
        raise ValueError("A cap in `kg_co2e` needs `g_per_kwh`, the intensity of the grid.")
    if not 0.0 < kg_co2e < math.inf:
        raise ValueError(f"`kg_co2e` must be positive but got {kg_co2e}.")
    return kg_co2e * 1000.0 / g_per_kwh
