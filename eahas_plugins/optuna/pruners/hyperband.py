"""Hyperband over kWh."""

from __future__ import annotations

import zlib
from itertools import accumulate
from typing import Any

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins import policy
from eahas_plugins.optuna.pruners._bounds import RungBounds
from eahas_plugins.optuna.pruners._shared import check_prunable
from eahas_plugins.optuna.pruners._silence import SilenceWatch
from eahas_plugins.optuna.pruners.successive_halving import (
    N_STARTUP_TRIALS,
    EnergySuccessiveHalvingPruner,
)


class EnergyHyperbandPruner(BasePruner):
    """Hyperband whose resource is energy: every rung is a number of kWh, not of epochs.

    A cheap network trains more epochs per rung than an expensive one. Energy is read from
    ``trial.user_attrs["energy_kwh"]``; a trial that has not reported any is never pruned (a warning
    says if none has), one whose value at a rung is not finite is. Every trial belongs to one
    bracket, which follows from the name of the study and the number of the trial, so that all
    workers agree; name the study to make a run reproducible.

    Example:
        >>> pruner = EnergyHyperbandPruner(min_kwh=1e-4, max_kwh=1e-2)
        >>> pruner.n_brackets
        5

    Args:
        min_kwh: Energy of the lowest rung, kWh. Positive; by default three promotions below the
            highest.
        max_kwh: Energy a trial may use at most, kWh, where it ends as pruned with its last value.
            Larger than ``min_kwh``. Where it is less than a training takes, no trial completes.
            By default the highest rung is the median energy of the first complete trials. Nothing
            is pruned before there are enough of them, and a trial that is promoted there goes on.
        reduction_factor: One in this many trials is promoted from each rung. At least 2.
        bootstrap_count: Trials that must have reached a rung before one is promoted from it.
        n_startup_trials: Complete trials that say where the rungs lie if ``max_kwh`` does not. At
            least 1.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Li et al. (2018), Hyperband, Algorithm 1. Dou et al. (2023), EA-HAS-Bench, section 5.
    """

    def __init__(
        self,
        *,
        min_kwh: float | None = None,
        max_kwh: float | None = None,
        reduction_factor: float = 3,
        bootstrap_count: int = 0,
        n_startup_trials: int = N_STARTUP_TRIALS,
    ) -> None:
        bounds = RungBounds(
            type(self).__name__,
            min_kwh=min_kwh,
            max_kwh=max_kwh,
            reduction_factor=reduction_factor,
            n_startup_trials=n_startup_trials,
        )
        silence = SilenceWatch(type(self).__name__)
        brackets = policy.brackets(*bounds.shape, reduction_factor)
        self._brackets = tuple(
            _Bracket(
                bounds,
                silence,
                min_kwh=min_kwh,
                max_kwh=max_kwh,
                reduction_factor=reduction_factor,
                min_early_stopping_rate=bracket,
                bootstrap_count=bootstrap_count,
                n_startup_trials=n_startup_trials,
            )
            for bracket in range(len(brackets))
        )
        self._ends = tuple(accumulate(bracket.counts[0] for bracket in brackets))

    @property
    def max_kwh(self) -> float | None:
        """The most a trial may use, kWh; None where finished trials say where the rungs lie."""
        return self._brackets[0].max_kwh

    @property
    def n_brackets(self) -> int:
        """Number of brackets."""
        return len(self._brackets)

    def bracket_of(self, study: Study, trial: FrozenTrial) -> int:
        """Index of the trial's bracket; 0 stops earliest. Brackets get trials in proportion."""
        seat = zlib.crc32(f"{study.study_name}_{trial.number}".encode()) % self._ends[-1]
        return next(bracket for bracket, end in enumerate(self._ends) if seat < end)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must end at the rung it has just reached."""
        check_prunable(study, type(self).__name__)
        return self._brackets[self.bracket_of(study, trial)].prune(study, trial)


class _Bracket(EnergySuccessiveHalvingPruner):
    """Shares with the other brackets where the rungs lie, and who says that energy is missing."""

    def __init__(self, bounds: RungBounds, silence: SilenceWatch, **halving: Any) -> None:
        super().__init__(**halving)
        self._bounds = bounds
        self._silence = silence
