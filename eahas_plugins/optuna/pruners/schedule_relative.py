"""Compares trials at the same fraction of their own schedule."""

from __future__ import annotations

import math
from collections.abc import Iterable

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import (
    check_flags,
    check_names,
    check_numbers,
    check_whole_numbers,
)
from eahas_plugins.models.length import is_number
from eahas_plugins.optuna._trials import (
    AUTO,
    USUAL_LENGTHS,
    energy_of,
    planned_kwh,
    training_kwh,
)
from eahas_plugins.optuna.pruners._shared import (
    among_best,
    check_prunable,
    last_value,
    maximizes,
    recall,
    recall_others,
    remember,
)
from eahas_plugins.optuna.pruners._silence import SilenceWatch

_SLACK = 1e-9  # so that epoch 3 of 10 counts as 30 %


class ScheduleRelativePruner(BasePruner):
    """Keeps the best trials at given fractions of each trial's own planned training.

    Where the learning rate follows a schedule, epoch 10 of 50 and epoch 10 of 200 are different
    things, and only trials at the same *fraction* of their schedule can be compared fairly. The
    schedule is a parameter of the trial (``fidelity_param``, its planned steps) or else its
    planned energy (``energy_reserved_kwh`` against ``energy_kwh``). A trial that has neither (a
    warning says if none has), or has reported no value, is never pruned; one whose value at a
    fraction is not finite is.

    Example:
        >>> pruner = ScheduleRelativePruner(fidelity_param="max_epoch", fractions=(0.25, 0.5))

    Args:
        fidelity_param: Parameter that holds the planned number of steps. By default (``"auto"``)
            the one of the trial with a usual name of a training's length (``max_epoch``,
            ``epochs``, ``n_estimators`` and the like), if exactly one has. None goes by energy.
        fractions: Where to compare, rising, each in (0, 1).
        keep: Share of trials that goes on at each fraction, in (0, 1).
        n_startup_trials: Trials that must have reached a fraction before one is pruned there.
        first_step: Step of a trial's first report: 1 if steps are epochs done, 0 if they count
            from zero.
        same_schedule: Whether to compare only trials that plan the same number of steps.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        *,
        fidelity_param: str | None = AUTO,
        fractions: Iterable[float] = (0.25, 0.5),
        keep: float = 0.4,
        n_startup_trials: int = 5,
        first_step: int = 1,
        same_schedule: bool = False,
    ) -> None:
        if fidelity_param is not None:
            check_names(fidelity_param=fidelity_param)
        check_flags(same_schedule=same_schedule)
        if not isinstance(fractions, Iterable):
            raise ValueError(f"`fractions` must be a list of numbers but got {fractions!r}.")
        fractions = tuple(fractions)
        for fraction in fractions:
            check_numbers(fractions=fraction)
        check_numbers(keep=keep)
        check_whole_numbers(n_startup_trials=n_startup_trials, first_step=first_step)
        fractions = tuple(float(fraction) for fraction in fractions)
        rising = all(a < b for a, b in zip((0.0, *fractions), (*fractions, 1.0), strict=True))
        if not fractions or not rising:
            raise ValueError(f"`fractions` must rise between 0 and 1 but got {fractions}.")
        if not 0.0 < keep < 1.0:
            raise ValueError(f"`keep` must be between 0 and 1 but got {keep}.")
        if not n_startup_trials >= 0:
            raise ValueError(f"`n_startup_trials` must be 0 or more but got {n_startup_trials}.")
        if first_step not in (0, 1):
            raise ValueError(f"`first_step` must be 0 or 1 but got {first_step}.")
        self._fidelity_param = fidelity_param
        self._fractions = fractions
        self._keep = keep
        self._n_startup_trials = n_startup_trials
        self._first_step = first_step
        self._same_schedule = same_schedule
        self._silence = SilenceWatch(
            type(self).__name__,
            told=self._tells,
            needed="how long it will be: a parameter with its number of steps, named by "
            f'fidelity_param= (now {fidelity_param!r}), or "energy_reserved_kwh" and "energy_kwh"',
        )

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must end at the fraction it has just reached."""
        check_prunable(study, type(self).__name__)
        fraction, value = self.fraction_of(trial), last_value(trial)
        if fraction is None or value is None:
            self._silence.look(study)
            return False
        for mark in self._fractions:
            if fraction < mark - _SLACK:
                break
            key = self._key(trial, mark)
            if recall(trial, key) is None and not self._keeps(study, trial, key, value):
                return True
        return False

    def fraction_of(self, trial: FrozenTrial) -> float | None:
        """How much of its planned training the trial has done; None if it has no plan."""
        planned_steps = self._planned_steps(trial)
        if planned_steps is not None and trial.last_step is not None:
            return (trial.last_step - self._first_step + 1) / planned_steps
        own_kwh, energy_kwh, plan_kwh = energy_of(trial), training_kwh(trial), planned_kwh(trial)
        if own_kwh is None or energy_kwh is None or plan_kwh is None:
            return None
        return energy_kwh / (plan_kwh + (energy_kwh - own_kwh))  # with what was paid before

    def _planned_steps(self, trial: FrozenTrial) -> float | None:
        names = [self._fidelity_param] if self._fidelity_param else []
        if self._fidelity_param == AUTO:
            names = [name for name in trial.params if name.lower() in USUAL_LENGTHS]
        planned = [
            value for name in names if is_number(value := trial.params.get(name)) and value > 0
        ]
        return float(planned[0]) if len(planned) == 1 else None

    def _tells(self, trial: FrozenTrial) -> bool:
        return self.fraction_of(trial) is not None

    def _keeps(self, study: Study, trial: FrozenTrial, key: str, value: float) -> bool:
        if not math.isfinite(value):
            return False
        remember(study, trial, key, value)
        others = recall_others(study, trial, key)
        if len(others) < self._n_startup_trials:
            return True
        return among_best(value, others, share=self._keep, maximize=maximizes(study))

    def _key(self, trial: FrozenTrial, mark: float) -> str:
        schedule = self._planned_steps(trial) if self._same_schedule else None
        return f"schedule_rung:{mark:.9g}" + ("" if schedule is None else f":{schedule:.9g}")
