"""Which trial is repeated next with a longer schedule, from the trials alone."""

from __future__ import annotations

import bisect
import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.models.length import EnergyOfLength
from eahas_plugins.optuna._trials import (
    PROMOTED_KEY,
    TrialLog,
    may_be_best,
    promotion_kwh,
    spent_kwh,
    training_kwh,
)
from eahas_plugins.optuna.samplers._energy import StudyEnergy
from eahas_plugins.optuna.samplers._schedules import (
    config_key,
    schedule_after,
    schedules_of,
)

_log = logging.getLogger(__name__)


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
        schedules: Sequence[Any] | None,
        promotion_share: float,
        top: int,
        skip_to_last: bool,
        n_startup_trials: int,
        budget_kwh: float | None,
    ) -> None:
        self.schedules: tuple[Any, ...] | None = None
        """Those of the latest trial: ranges may change when a study is resumed."""
        self.error: ValueError | None = None
        """What was wrong when it was decided about the latest trial."""
        self.promotions: dict[int, Promotion] = {}  # of trials that have not finished
        self._fidelity_param = fidelity_param
        self._given = schedules
        self._promotion_share = promotion_share
        self._top = top
        self._skip_to_last = skip_to_last
        self._n_startup_trials = n_startup_trials
        self._energy = StudyEnergy(
            budget_kwh=budget_kwh, fidelity_param=fidelity_param, owner="SchedulePromotionSampler"
        )
        self._energy_of_length = EnergyOfLength()
        self._log = TrialLog()
        self._finished: dict[int, FrozenTrial] = {}
        self._complete: dict[int, FrozenTrial] = {}  # with a schedule
        self._ranked: list[tuple[float, int]] = []  # (-score, number) of those not repeated yet
        self._n_new = 0  # complete and no repetition
        self._repeated: set[int] = set()  # numbers of trials that finished ones have repeated
        self._trained: set[Hashable] = set()  # (configuration, schedule's text) of finished trials
        self._finished_kwh = 0.0
        self._promoted_kwh = 0.0
        self._in_vain = False

    def follow(self, distribution: BaseDistribution) -> tuple[Any, ...]:
        """Take the schedules from the distribution of the trial at hand, and return them."""
        self.schedules = schedules_of(distribution, self._given, name=self._fidelity_param)
        return self.schedules

    def promotion_of(self, trial: FrozenTrial) -> Promotion | None:
        """The repetition that a trial is to be.

        Raises:
            ValueError: If something was wrong when that was decided.
        """
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return self.promotions.get(trial.number)

    def source_of(self, trial: FrozenTrial) -> int | None:
        """The number of the trial that this one repeats.

        It may have been brought along from another study, where numbers mean other trials: it is
        believed if what both trials have in common, but for the schedule, is the same.
        """
        number = trial.user_attrs.get(PROMOTED_KEY)
        source = self._finished.get(number) if isinstance(number, int) else None
        if number is None or source is None or not number < trial.number:
            return None
        common = [n for n in source.params if n in trial.params and n != self._fidelity_param]
        return number if all(source.params[n] == trial.params[n] for n in common) else None

    def is_short(self, trial: FrozenTrial) -> bool:
        """Whether a trial is no repetition and has the shortest schedule, if any."""
        if self.source_of(trial) is not None:
            return False
        distribution = trial.distributions.get(self._fidelity_param)
        if distribution is None:
            return True
        shortest = (self._given or schedules_of(distribution))[0]
        return bool(trial.params[self._fidelity_param] == shortest)

    def forget(self, trial: FrozenTrial) -> bool:
        """The trial ends. Whether it was to be a repetition: then its source has had its chance."""
        promotion = self.promotions.pop(trial.number, None)
        if promotion is not None:
            self._repeated.add(promotion.source.number)
        return promotion is not None

    def decide(self, study: Study, rng: np.random.Generator) -> Promotion | None:
        """What to repeat now; None for a new configuration."""
        self._update(study)
        schedules = self.schedules
        if (
            self._in_vain
            or schedules is None
            or len(schedules) < 2
            or self._n_new < self._n_startup_trials
        ):
            return None
        if self._promotion_share and not self._energy.says_something(study):
            return None
        repeating = [t for t in self._log.running if self.source_of(t) is not None]
        others_kwh = sum(spent_kwh(t) for t in self._log.running if self.source_of(t) is None)
        repeating_kwh = sum(self._expected(t, schedules) for t in repeating)
        total_kwh = self._finished_kwh + others_kwh + repeating_kwh
        if not policy.promotion_due(
            self._promoted_kwh + repeating_kwh, total_kwh, promotion_share=self._promotion_share
        ):
            return None
        best = self._best(
            schedules,
            taken={self.source_of(t) for t in repeating},
            left_kwh=self._energy.left_kwh(study, committed_kwh=total_kwh),
        )
        return best[int(rng.integers(len(best)))] if best else None

    def claimed(self, study: Study, promotion: Promotion, *, by: int) -> bool:
        """Whether the claim of trial ``by`` holds: no other trial has it.

        Of two claims the later one always sees the other; where both do, both give way.
        """
        number = promotion.source.number
        others = study.get_trials(deepcopy=False)[number:]
        return all(self.source_of(t) != number for t in others if t.number != by)

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
                or (self._config(trial), repr(schedule)) in self._trained
            ):
                done.append(entry)
                continue
            if trial.number in taken:
                continue
            if promotion_kwh(trial, self._ratio(trial, schedule)) > left_kwh:
                continue
            best.append(Promotion(source=trial, schedule=schedule))
            if len(best) == self._top:
                break
        for entry in done:
            self._ranked.remove(entry)
        return best

    def _update(self, study: Study) -> None:
        sign = 1.0 if study.direction is StudyDirection.MINIMIZE else -1.0
        for trial in self._log.update(study):
            self._finished[trial.number] = trial
            source = self.source_of(trial)
            self._finished_kwh += spent_kwh(trial)
            self._energy.fidelity.see(trial.distributions)
            if source is not None:
                self._promoted_kwh += spent_kwh(trial)
                self._repeated.add(source)
                self._look_for_effect(trial, self._finished[source])
            if self._fidelity_param not in trial.params:
                continue
            self.follow(trial.distributions[self._fidelity_param])
            self._trained.add((self._config(trial), repr(trial.params[self._fidelity_param])))
            if trial.state is TrialState.COMPLETE:
                self._n_new += source is None
                self._complete[trial.number] = trial
                length = trial.params[self._fidelity_param]
                self._energy_of_length.add(self._config(trial), length, kwh=training_kwh(trial))
                if may_be_best(trial):
                    bisect.insort(self._ranked, (sign * trial.values[0], trial.number))

    def _look_for_effect(self, trial: FrozenTrial, source: FrozenTrial) -> None:
        """A repetition with the schedule that its source had says that somebody else fixes it."""
        schedule, before = (t.params.get(self._fidelity_param) for t in (trial, source))
        if trial.state is TrialState.COMPLETE and schedule == before and not self._in_vain:
            self._in_vain = True
            _log.warning(
                "SchedulePromotionSampler: trial %d was to repeat trial %d with another %s but got "
                "%r again; nothing is repeated any more.",
                *(trial.number, source.number, self._fidelity_param, schedule),
            )

    def _config(self, trial: FrozenTrial) -> Hashable:
        return config_key(trial.params, trial.distributions, self._fidelity_param)

    def _next(self, trial: FrozenTrial, schedules: Sequence[Any]) -> Any:
        current = trial.params[self._fidelity_param]
        return schedule_after(current, schedules, skip_to_last=self._skip_to_last)

    def _expected(self, trial: FrozenTrial, schedules: Sequence[Any]) -> float:
        """Energy of a running repetition's whole training, kWh."""
        number = self.source_of(trial)
        source = None if number is None else self._complete.get(number)
        if source is None:
            return spent_kwh(trial)
        schedule = self._next(source, schedules)
        return max(spent_kwh(trial), promotion_kwh(source, self._ratio(source, schedule)))

    def _ratio(self, trial: FrozenTrial, schedule: Any) -> float:
        return self._energy_of_length.factor(schedule, trial.params[self._fidelity_param])
