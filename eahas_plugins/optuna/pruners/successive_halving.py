"""Asynchronous successive halving over kWh."""

from __future__ import annotations

import math

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins import policy
from eahas_plugins.budget.attributes import kwh_argument
from eahas_plugins.optuna._trials import check_one_objective, energy_of
from eahas_plugins.optuna.pruners._shared import (
    among_best,
    exceeds,
    last_value,
    maximizes,
    recall,
    recall_others,
    remember,
)
from eahas_plugins.optuna.pruners._silence import SilenceWatch


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
        min_kwh: Energy of the lowest rung, kWh. Positive.
        max_kwh: Energy a trial may use at most, kWh, where it ends as pruned with its last value.
            Larger than ``min_kwh``. Where it is less than a training takes, no trial completes.
        reduction_factor: One in this many trials is promoted from each rung. At least 2.
        min_early_stopping_rate: How many of the lowest rungs to leave out.
        bootstrap_count: Trials that must have reached a rung before one is promoted from it.
        silence: Says once that no trial reports energy; brackets of one pruner share it.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Li et al. (2020), A System for Massively Parallel Hyperparameter Tuning, Algorithm 2.
    """

    def __init__(
        self,
        *,
        min_kwh: float,
        max_kwh: float,
        reduction_factor: float = 3,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
        silence: SilenceWatch | None = None,
    ) -> None:
        check_rungs(min_kwh, max_kwh, reduction_factor)
        rungs_kwh = policy.rungs(min_kwh, max_kwh, reduction_factor)
        if not 0 <= min_early_stopping_rate < len(rungs_kwh):
            raise ValueError(
                f"`min_early_stopping_rate` must be between 0 and {len(rungs_kwh) - 1}, one less "
                f"than the number of rungs, but got {min_early_stopping_rate}."
            )
        if not bootstrap_count >= 0:
            raise ValueError(f"`bootstrap_count` must be 0 or more but got {bootstrap_count}.")
        self.rungs_kwh = rungs_kwh[min_early_stopping_rate:]
        self.max_kwh = float(max_kwh)
        self._reduction_factor = reduction_factor
        self._bootstrap_count = bootstrap_count
        self._bracket = min_early_stopping_rate
        self._silence = silence or SilenceWatch(type(self).__name__)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must end at the rung it has just reached."""
        check_one_objective(study, type(self).__name__)
        energy_kwh, value = energy_of(trial), last_value(trial)
        if energy_kwh is None or value is None:
            self._silence.look(study)
            return False
        for rung in range(policy.rung_reached(energy_kwh, self.rungs_kwh) + 1):
            key = self._key(rung)
            if recall(trial, key) is None and not self._promotes(study, trial, key, value):
                return True
        return exceeds(trial, self.max_kwh)

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

    def _key(self, rung: int) -> str:
        """Brackets compare among themselves; other rungs after a resume are other keys."""
        return f"energy_rung:{self._bracket}:{self.rungs_kwh[rung]:.9g}"


def check_rungs(min_kwh: float, max_kwh: float, reduction_factor: float) -> None:
    """Check the arguments that define rungs.

    Raises:
        ValueError: If one is out of range (NaN included).
    """
    kwh_argument("min_kwh", min_kwh)
    kwh_argument("max_kwh", max_kwh)
    if not max_kwh > min_kwh:
        raise ValueError(f"`max_kwh` must be larger than `min_kwh`={min_kwh} but got {max_kwh}.")
    if not 2 <= reduction_factor < math.inf:
        raise ValueError(f"`reduction_factor` must be at least 2 but got {reduction_factor}.")
