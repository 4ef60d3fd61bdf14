"""Stops a trial whose next kWh promise less than the study gets elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.arguments import check_numbers, check_whole_numbers
from eahas_plugins.budget.attributes import kwh_argument
from eahas_plugins.budget.balance import ROUNDING
from eahas_plugins.optuna._trials import (
    ended_at,
    energy_of,
    may_be_best,
    planned_kwh,
    spent_kwh,
)
from eahas_plugins.optuna.pruners._shared import (
    check_prunable,
    last_value,
    maximizes,
    recall,
    remember,
)
from eahas_plugins.optuna.pruners._silence import SilenceWatch

_CURVE_KEY = "energy_curve"


class MarginalGainPruner(BasePruner):
    """Stops a trial when its expected gain per further kWh is below what the study gets elsewhere.

    Each time a trial's energy has doubled, its value is extrapolated to its planned energy
    (``energy_reserved_kwh``, else that of the most expensive complete trial) along the last
    doubling: a straight line over the logarithm of energy, which is generous, since learning curves
    flatten. The gain is what the trial would then add to the best value of the study. It is
    compared, per kWh, with what the study as a whole has gained per kWh over the latest part of its
    energy. A trial that is not expected to beat the best value gains nothing and is pruned. One
    that has reported no energy is never pruned (a warning says if none has); one whose value is not
    finite is.

    Example:
        >>> pruner = MarginalGainPruner(min_kwh=1e-4)

    Args:
        min_kwh: Energy of a trial's first look, kWh; the first decision falls at twice as much.
            Positive.
        n_startup_trials: Complete, feasible trials the study needs before one is pruned. At least
            1.
        window: Latest share of the study's energy over which its gain is measured, in (0, 1].
        strictness: Factor on the study's gain per kWh; 0 prunes only what is expected to gain
            nothing.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(
        self,
        *,
        min_kwh: float,
        n_startup_trials: int = 5,
        window: float = 0.5,
        strictness: float = 1.0,
    ) -> None:
        self._min_kwh = kwh_argument("min_kwh", min_kwh)
        check_whole_numbers(n_startup_trials=n_startup_trials)
        check_numbers(window=window, strictness=strictness)
        if not n_startup_trials >= 1:
            raise ValueError(f"`n_startup_trials` must be at least 1 but got {n_startup_trials}.")
        if not 0.0 < window <= 1.0:
            raise ValueError(f"`window` must be above 0 and at most 1 but got {window}.")
        if not 0.0 <= strictness < math.inf:
            raise ValueError(f"`strictness` must be 0 or more but got {strictness}.")
        self._n_startup_trials = n_startup_trials
        self._window = window
        self._strictness = strictness
        self._silence = SilenceWatch(type(self).__name__)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must end, having doubled its energy since the last look."""
        check_prunable(study, type(self).__name__)
        energy_kwh, value = energy_of(trial), last_value(trial)
        if energy_kwh is None:
            self._silence.look(study)
        if energy_kwh is None or value is None:
            return False
        curve: list[list[float]] = recall(trial, _CURVE_KEY) or []
        next_look_kwh = 2.0 * curve[-1][0] if curve else self._min_kwh
        if policy.rung_reached(energy_kwh, [next_look_kwh]) < 0:
            return False
        if not math.isfinite(value):
            return True
        remember(study, trial, _CURVE_KEY, [*curve, [energy_kwh, value]])
        if not curve:
            return False
        sign = 1.0 if maximizes(study) else -1.0
        past = _Past(study.get_trials(deepcopy=False), sign)
        if past.n_complete < self._n_startup_trials:
            return False
        end_kwh = planned_kwh(trial) or past.largest_kwh
        if not end_kwh > energy_kwh:
            return False
        before_kwh, before = curve[-1]
        per_doubling = sign * (value - before) / math.log2(energy_kwh / before_kwh)
        at_end = sign * value + max(0.0, per_doubling) * math.log2(end_kwh / energy_kwh)
        gain_per_kwh = (at_end - past.best) / (end_kwh - energy_kwh)
        elsewhere = self._strictness * past.gain_per_kwh(self._window)
        return gain_per_kwh <= 0.0 or gain_per_kwh < elsewhere


class _Past:
    """What the finished trials of a study have spent and found; values larger is better."""

    def __init__(self, trials: Sequence[FrozenTrial], sign: float) -> None:
        finished = [t for t in trials if t.state.is_finished()]
        finished.sort(key=ended_at)
        self._history: list[tuple[float, float]] = []  # cumulative kWh, best value so far
        self.n_complete = 0
        self.largest_kwh = 0.0
        self.best = -math.inf
        total_kwh = 0.0
        for trial in finished:
            total_kwh += spent_kwh(trial)
            if trial.state is TrialState.COMPLETE:
                self.largest_kwh = max(self.largest_kwh, spent_kwh(trial))
            if may_be_best(trial):
                self.n_complete += 1
                self.best = max(self.best, sign * trial.values[0])
                self._history.append((total_kwh, self.best))
        self._spent_kwh = total_kwh

    def gain_per_kwh(self, window: float) -> float:
        """Gain of the best value over the latest share of the energy, per kWh."""
        start_kwh = (1.0 - window) * self._spent_kwh * (1.0 + ROUNDING)
        earlier = [point for point in self._history if point[0] <= start_kwh]
        since_kwh, since_best = (earlier or self._history)[-1 if earlier else 0]
        window_kwh = self._spent_kwh - since_kwh
        return (self.best - since_best) / window_kwh if window_kwh > 0.0 else 0.0
