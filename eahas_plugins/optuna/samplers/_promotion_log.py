"""Which trial is repeated next with a longer schedule, from the trials alone."""

from __future__ import annotations

import bisect
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.optuna._compat import study_key
from eahas_plugins.optuna._trials import PROMOTED_KEY, TrialLog, check_one_objective, spent_kwh
from eahas_plugins.optuna.samplers._energy import StudyEnergy


def schedules_of(distribution: BaseDistribution) -> tuple[Any, ...]:
    """The schedules in a parameter's distribution, shortest first."""
    if isinstance(distribution, CategoricalDistribution):
        return tuple(sorted(distribution.choices))
    if isinstance(distribution, IntDistribution | FloatDistribution):
        return (distribution.low, distribution.high)
    raise TypeError(f"distribution must be one of Optuna's but got {distribution!r}.")


def check_schedules(schedules: Sequence[Any] | None, *, promotion_share: float) -> None:
    """Raise ValueError unless there are two schedules (or None) and the share is in [0, 1]."""
    if not 0.0 <= promotion_share <= 1.0:
        raise ValueError(f"promotion_share must be between 0 and 1 but got {promotion_share}.")
    if schedules is not None and len(schedules) < 2:
        raise ValueError(f"schedules must hold at least two values but got {schedules!r}.")


def without_schedule(params: Mapping[str, Any], fidelity_param: str | None) -> Hashable:
    """The configuration without its schedule, as a key."""
    return tuple(sorted((n, v) for n, v in params.items() if n != fidelity_param))


def energy_factor(longer: Any, shorter: Any) -> float:
    """How many times the energy the longer schedule needs; 1 if nobody can tell."""
    if not (isinstance(longer, int | float) and isinstance(shorter, int | float)):
        return 1.0
    return max(1.0, longer / shorter) if shorter > 0 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A repetition: the trial that is repeated, and with which schedule."""

    source: FrozenTrial
    schedule: Any


class PromotionLog:
    """Energy, candidates and claims of one study; each finished trial is read once."""

    def __init__(
        self,
        *,
        fidelity_param: str,
        promotion_share: float,
        top: int,
        skip_to_last: bool,
        n_startup_trials: int,
        budget_kwh: float | None,
    ) -> None:
        self._fidelity_param = fidelity_param
        self._promotion_share = promotion_share
        self._top = top
        self._skip_to_last = skip_to_last
        self._n_startup_trials = n_startup_trials
        self._energy = StudyEnergy(budget_kwh=budget_kwh)
        self._key: Hashable = None
        self._restart()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_key": None, "_log": None, "_complete": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._restart()  # the other process reads the trials itself

    def _restart(self) -> None:
        self._log = TrialLog()
        self._complete: dict[int, FrozenTrial] = {}
        self._ranked: list[tuple[float, int]] = []  # (-score, number) of those not repeated yet
        self._n_new = 0  # complete and no repetition
        self._repeated: set[int] = set()  # numbers of trials that finished ones have repeated
        self._trained: set[Hashable] = set()  # (configuration, schedule) of finished trials
        self._finished_kwh = 0.0
        self._promoted_kwh = 0.0

    def decide(
        self, study: Study, schedules: Sequence[Any] | None, rng: np.random.Generator
    ) -> Promotion | None:
        """What to repeat now; None for a new configuration."""
        check_one_objective(study, "SchedulePromotionSampler")
        self._update(study)
        if schedules is None or self._n_new < self._n_startup_trials:
            return None
        repeating = [t for t in self._log.running if _source_of(t) is not None]
        others_kwh = sum(spent_kwh(t) for t in self._log.running if _source_of(t) is None)
        repeating_kwh = sum(self._expected(t, schedules) for t in repeating)
        total_kwh = self._finished_kwh + others_kwh + repeating_kwh
        if not policy.promotion_due(
            self._promoted_kwh + repeating_kwh, total_kwh, promotion_share=self._promotion_share
        ):
            return None
        budget = self._energy.budget_kwh(study)
        best = self._best(
            schedules,
            taken={_source_of(t) for t in repeating},
            left_kwh=math.inf if budget is None else budget - total_kwh,
        )
        return best[int(rng.integers(len(best)))] if best else None

    def claimed(self, study: Study, promotion: Promotion, *, by: int) -> bool:
        """Whether the claim of trial ``by`` holds: no other trial with a smaller number has it."""
        number = promotion.source.number
        rivals = study.get_trials(deepcopy=False)[number:by]
        return all(_source_of(trial) != number for trial in rivals)

    def _best(
        self, schedules: Sequence[Any], *, taken: set[int | None], left_kwh: float
    ) -> list[Promotion]:
        best: list[Promotion] = []
        done: list[tuple[float, int]] = []
        for entry in self._ranked:
            trial = self._complete[entry[1]]
            schedule = self._next(trial, schedules)
            if (
                schedule is None
                or trial.number in self._repeated
                or (self._config(trial), schedule) in self._trained
            ):
                done.append(entry)
                continue
            if trial.number in taken:
                continue
            if spent_kwh(trial) * self._ratio(trial, schedule) > left_kwh:
                continue
            best.append(Promotion(source=trial, schedule=schedule))
            if len(best) == self._top:
                break
        for entry in done:
            self._ranked.remove(entry)
        return best

    def _update(self, study: Study) -> None:
        if self._key != (key := study_key(study)):
            self._restart()
            self._key = key
        sign = 1.0 if study.direction is StudyDirection.MINIMIZE else -1.0
        for trial in self._log.update(study):
            source = _source_of(trial)
            self._finished_kwh += spent_kwh(trial)
            if source is not None:
                self._promoted_kwh += spent_kwh(trial)
                self._repeated.add(source)
            if self._fidelity_param not in trial.params:
                continue
            self._trained.add((self._config(trial), trial.params[self._fidelity_param]))
            if trial.state is TrialState.COMPLETE:
                self._n_new += source is None
                self._complete[trial.number] = trial
                bisect.insort(self._ranked, (sign * trial.values[0], trial.number))

    def _config(self, trial: FrozenTrial) -> Hashable:
        return without_schedule(trial.params, self._fidelity_param)

    def _next(self, trial: FrozenTrial, schedules: Sequence[Any]) -> Any:
        current = trial.params[self._fidelity_param]
        if current not in schedules:
            return None
        return policy.next_schedule(current, schedules, skip_to_last=self._skip_to_last)

    def _expected(self, trial: FrozenTrial, schedules: Sequence[Any]) -> float:
        """Energy of a running repetition's whole training, kWh."""
        source = self._complete.get(number) if (number := _source_of(trial)) is not None else None
        if source is None:
            return spent_kwh(trial)
        schedule = self._next(source, schedules)
        return max(spent_kwh(trial), spent_kwh(source) * self._ratio(source, schedule))

    def _ratio(self, trial: FrozenTrial, schedule: Any) -> float:
        return energy_factor(schedule, trial.params[self._fidelity_param])


def _source_of(trial: FrozenTrial) -> int | None:
    source = trial.user_attrs.get(PROMOTED_KEY)
    return source if isinstance(source, int) else None
