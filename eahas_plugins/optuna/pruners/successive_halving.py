"""Asynchronous successive halving over kWh."""

from __future__ import annotations

import math

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins import policy
from eahas_plugins.arguments import check_whole_numbers
from eahas_plugins.optuna._trials import training_kwh
from eahas_plugins.optuna.pruners._bounds import RungBounds
from eahas_plugins.optuna.pruners._shared import (
    among_best,
    check_prunable,
    exceeds,
    last_value,
    maximizes,
    recall,
    recall_others,
    remember,
)
from eahas_plugins.optuna.pruners._silence import SilenceWatch

N_STARTUP_TRIALS = 5
"""Complete trials from which rungs come that nobody has given."""


class EnergySuccessiveHalvingPruner(BasePruner):
    """Asynchronous successive halving whose resource is energy: rungs are numbers of kWh.

    A trial that reaches the energy of a rung goes on if its value is among the best
    ``1 / reduction_factor`` of the trials that have reached that rung so far. A cheap network
    thereby trains more epochs per rung than an expensive one. Reports keep their integer steps;
    energy is read from ``trial.user_attrs["energy_kwh"]``. A trial that has not reported any is
    never pruned (a warning says if none has); one whose value at a rung is not finite is.

    Whole trainings that are merely cut short say little about their end where the learning rate
    follows a schedule; see `ScheduleRelativePruner`. Inside Optuna's ``PatientPruner`` this one is
    not asked while the value improves, ``max_kwh`` is then no limit: use
    ``EnergyBudgetPruner(PatientPruner(...))``.

    Example:
        >>> pruner = EnergySuccessiveHalvingPruner(min_kwh=1e-4, max_kwh=1e-2)
        >>> [round(kwh, 6) for kwh in pruner.rungs_kwh]
        [0.0001, 0.0003, 0.0009, 0.0027, 0.0081]

    Args:
        min_kwh: Energy of the lowest rung, kWh. Positive; by default three promotions below the
            highest.
        max_kwh: Energy a trial may use at most, kWh, where it ends as pruned with its last value.
            Larger than ``min_kwh``. Where it is less than a training takes, no trial completes.
            By default the highest rung is the median energy of the first complete trials. Nothing
            is pruned before there are enough of them, and a trial that is promoted there goes on.
        reduction_factor: One in this many trials is promoted from each rung. At least 2.
        min_early_stopping_rate: How many of the lowest rungs to leave out.
        bootstrap_count: Trials that must have reached a rung before one is promoted from it.
        n_startup_trials: Complete trials that say where the rungs lie if ``max_kwh`` does not. At
            least 1.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Li et al. (2020), A System for Massively Parallel Hyperparameter Tuning, Algorithm 2.
    """

    def __init__(
        self,
        *,
        min_kwh: float | None = None,
        max_kwh: float | None = None,
        reduction_factor: float = 3,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
        n_startup_trials: int = N_STARTUP_TRIALS,
    ) -> None:
        self._bounds = RungBounds(
            type(self).__name__,
            min_kwh=min_kwh,
            max_kwh=max_kwh,
            reduction_factor=reduction_factor,
            n_startup_trials=n_startup_trials,
        )
        check_whole_numbers(
            min_early_stopping_rate=min_early_stopping_rate, bootstrap_count=bootstrap_count
        )
        n_rungs = len(policy.rungs(*self._bounds.shape, reduction_factor))
        if not 0 <= min_early_stopping_rate < n_rungs:
            raise ValueError(
                f"`min_early_stopping_rate` must be between 0 and {n_rungs - 1}, one less "
                f"than the number of rungs, but got {min_early_stopping_rate}."
            )
        if not bootstrap_count >= 0:
            raise ValueError(f"`bootstrap_count` must be 0 or more but got {bootstrap_count}.")
        self._reduction_factor = reduction_factor
        self._bootstrap_count = bootstrap_count
        self._bracket = min_early_stopping_rate
        self._silence = SilenceWatch(type(self).__name__)

    @property
    def max_kwh(self) -> float | None:
        """The most a trial may use, kWh; None where finished trials say where the rungs lie."""
        return None if self._bounds.given_kwh is None else self._bounds.given_kwh[1]

    @property
    def rungs_kwh(self) -> tuple[float, ...]:
        """The rungs, kWh, rising; empty where they depend on the study."""
        return self._rungs(self._bounds.given_kwh)

    def rungs_in(self, study: Study) -> tuple[float, ...]:
        """The rungs in a study, kWh; empty as long as too few of its trials are complete."""
        return self._rungs(self._bounds.of(study))

    def _rungs(self, bounds_kwh: tuple[float, float] | None) -> tuple[float, ...]:
        if bounds_kwh is None:
            return ()
        return policy.rungs(*bounds_kwh, self._reduction_factor)[self._bracket :]

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must end at the rung it has just reached."""
        check_prunable(study, type(self).__name__)
        energy_kwh, value = training_kwh(trial), last_value(trial)
        if energy_kwh is None or value is None:
            self._silence.look(study)
            return False
        rungs_kwh = self.rungs_in(study)
        for rung_kwh in rungs_kwh[: policy.rung_reached(energy_kwh, rungs_kwh) + 1]:
            key = self._key(rung_kwh)
            if recall(trial, key) is None and not self._promotes(study, trial, key, value):
                return True
        return self.max_kwh is not None and exceeds(trial, self.max_kwh)

    def _promotes(self, study: Study, trial: FrozenTrial, key: str, value: float) -> bool:
        if not math.isfinite(value):
            return False
        remember(study, trial, key, value)
        others = recall_others(study, trial, key)
        if len(others) + 1 <= self._bootstrap_count:
            return False
        return among_best(
            value, others, share=1.0 / self._reduction_factor, maximize=maximizes(study)
        )

    def _key(self, rung_kwh: float) -> str:
        """Brackets compare among themselves; other rungs after a resume are other keys."""
        return f"energy_rung:{self._bracket}:{rung_kwh:.9g}"
