"""Bayesian optimisation whose fidelity is the length of the learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.optuna._trials import check_one_objective, planned_kwh, spent_kwh
from eahas_plugins.optuna.samplers._base import RewardSampler, Space
from eahas_plugins.optuna.samplers._encoding import Axis, stratum
from eahas_plugins.optuna.samplers._energy import StudyEnergy
from eahas_plugins.optuna.samplers._promotion_log import (
    check_schedules,
    energy_factor,
    schedules_of,
    without_schedule,
)
from eahas_plugins.optuna.samplers._schedule_model import ScheduleModel


class ScheduleGPSampler(RewardSampler):
    """Searches with the shortest schedule, trains the best with the longest, later all of them.

    A Gaussian process over all parameters, the schedule among them, learns from every trial: the
    logarithm of the error where values are accuracies or losses, else the values. A new
    configuration, with the shortest schedule, is the one of largest expected improvement per kWh:
    log EI - alpha log kWh, alpha = ``cooling`` x what is left of the budget. Whenever trainings
    with longer schedules have used less than ``promotion_share`` of the energy, the next trial
    trains the tried configuration with the best *predicted* value for the longest schedule:
    prediction, unlike the best value seen, is not taken in by luck. Once ``short_until`` of the
    budget is spent, short schedules have told what they can: new configurations are trained with
    the longest one, as long as that can be paid, and by expected improvement alone.

    It starts with a Latin hypercube of Beta(2, 2), denser in the middle: ranges are chosen so that
    good values are seldom at their ends. Parameters without an order, or with at most three values,
    are uniform. After every four of these short trainings the best so far gets the longest
    schedule, so that there is something good to show early.

    The state is in the trials alone, so any number of workers may decide; running trials count as
    what is predicted for them.

    Example:
        >>> import optuna
        >>> sampler = ScheduleGPSampler(fidelity_param="max_epoch", seed=0)
        >>> study = optuna.create_study(sampler=sampler, direction="maximize")  # doctest: +SKIP

    Args:
        fidelity_param: Parameter whose values are complete schedules; None treats all parameters
            alike.
        schedules: Its values, shortest first. By default all values of a categorical, and the
            two ends of a numeric range.
        promotion_share: Part of the energy for longer schedules, in [0, 1], while new
            configurations get short ones.
        short_until: Part of the budget, in [0, 1], after which new configurations are trained with
            the longest schedule; 1 never does. Without a budget it is not reached.
        cooling: Alpha while nothing is spent; once ``short_until`` is spent it is 0. Not
            negative; 0 ignores predicted energy.
        budget_kwh: Energy of the whole study, kWh. By default what ``EnergyBudget`` tells the
            study; without any budget alpha stays ``cooling``.
        n_startup_trials: Trials of the Latin hypercube. At least 2.
        centred_start: Whether it is denser in the middle; else uniform.
        n_candidates: Configurations a proposal is chosen from. At least 2.
        max_trials: Trials that the model learns from: half of them the best, half the latest. At
            least 2.
        seed: Seed of all draws.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Lee et al. (2020), Cost-aware Bayesian optimization (cooling).
        Falkner et al. (2018), BOHB (model-based search over fidelities).
    """

    def __init__(
        self,
        *,
        fidelity_param: str | None = "max_epoch",
        schedules: Sequence[Any] | None = None,
        promotion_share: float = 0.5,
        short_until: float = policy.SHORT_UNTIL,
        cooling: float = 1.0,
        budget_kwh: float | None = None,
        n_startup_trials: int = 10,
        centred_start: bool = True,
        n_candidates: int = 600,
        max_trials: int = 200,
        seed: int | None = None,
    ) -> None:
        check_schedules(schedules, promotion_share=promotion_share)
        if not 0.0 <= short_until <= 1.0:
            raise ValueError(f"short_until must be between 0 and 1 but got {short_until}.")
        if not cooling >= 0.0:
            raise ValueError(f"cooling must not be negative but got {cooling}.")
        for name, count in (
            ("n_startup_trials", n_startup_trials),
            ("n_candidates", n_candidates),
            ("max_trials", max_trials),
        ):
            if not count >= 2:
                raise ValueError(f"{name} must be at least 2 but got {count}.")
        super().__init__(reward_exponent=0.0, seed=seed)
        self._fidelity_param = fidelity_param
        self._schedules = None if schedules is None else tuple(schedules)
        self._promotion_share = promotion_share
        self._short_until = short_until
        self._cooling = cooling
        self._energy = StudyEnergy(budget_kwh=budget_kwh, fidelity_param=fidelity_param)
        self._n_startup_trials = n_startup_trials
        self._centred_start = centred_start
        self._n_candidates = n_candidates
        self._max_trials = max_trials
        self._hypercube = int(self._rng.integers(2**31))
        self._process: ArdProcess | None = None

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The shortest schedule; other parameters from the hypercube, and later at random."""
        check_one_objective(study, type(self).__name__)
        return self._start(study, trial, param_name, param_distribution)

    def _start(
        self, study: Study, trial: FrozenTrial, name: str, distribution: BaseDistribution
    ) -> Any:
        if name == self._fidelity_param:
            return self._known_schedules(distribution)[0]
        longest = {n for n in (*self._longest_numbers, *self._in_training()) if n < trial.number}
        number = trial.number - len(longest)
        if number >= self._n_startup_trials:
            return self._draw(study, trial, name, distribution)
        place = stratum(name, number, self._n_startup_trials, self._hypercube)
        axis = Axis(distribution)
        return axis.value(axis.centred(place) if self._centred_start else place)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Forget what was proposed."""
        with self._lock:
            self._proposed.pop(trial.number, None)

    def _restart(self) -> None:
        super()._restart()
        self._pruned: list[FrozenTrial] = []
        self._longest: set[Hashable] = set()  # configurations tried with the longest schedule
        self._longest_numbers: list[int] = []  # trials with it, failed ones too
        self._n_learnt_longest = 0  # those that have not failed
        self._proposed: dict[int, dict[str, Any]] = {}  # of trials that have not told yet
        self._finished_kwh = 0.0
        self._longer_kwh = 0.0

    def _update(self, study: Study) -> list[FrozenTrial]:
        finished = super()._update(study)
        for trial in finished:
            self._finished_kwh += spent_kwh(trial)
            if trial.state is TrialState.PRUNED:
                self._pruned.append(trial)
            if self._fidelity_param in trial.distributions:
                schedules = self._known_schedules(trial.distributions[self._fidelity_param])
                schedule = trial.params[self._fidelity_param]
                self._longer_kwh += spent_kwh(trial) if schedule != schedules[0] else 0.0
                if schedule == schedules[-1] and len(schedules) > 1:
                    self._longest_numbers.append(trial.number)
                    self._longest.add(self._key_of(trial.params))
                    self._n_learnt_longest += trial.state is not TrialState.FAIL
        return finished

    def _known_schedules(self, distribution: BaseDistribution) -> tuple[Any, ...]:
        if self._schedules is None:
            self._schedules = schedules_of(distribution)
        return self._schedules

    def _key_of(self, params: Mapping[str, Any]) -> Hashable:
        return without_schedule(params, self._fidelity_param)

    def _propose(self, study: Study, trial: FrozenTrial, space: Space) -> dict[str, Any]:
        left, left_kwh = self._energy.alpha(study), self._left_kwh(study)
        n_short = len(self._complete) + len(self._pruned) - self._n_learnt_longest
        if n_short < self._n_startup_trials or not self._complete:
            params = self._early_promotion(n_short, left_kwh) or {
                name: self._start(study, trial, name, d) for name, d in space.items()
            }
        else:
            running = self._running(trial.number)
            model = self._fitted(space, [params for params in running.values() if params])
            longest = model.multi_fidelity and policy.short_phase_ended(
                left, short_until=self._short_until
            )
            searching = model.multi_fidelity and not longest
            params = (self._promotion(model, left_kwh) if searching else None) or model.explore(
                lambda columns: self._energy.log_kwh(study, space, columns, {}),
                longest_kwh=left_kwh if longest else 0.0,
                alpha=0.0 if longest else self._cooling * left,
                n=self._n_candidates,
                rng=self._rng,
            )
        self._proposed[trial.number] = params
        return {name: value for name, value in params.items() if name in space}

    def _running(self, besides: int | None = None) -> dict[int, Mapping[str, Any]]:
        """Parameters of running trials, by number; some may not all be told yet."""
        return {
            t.number: self._proposed.get(t.number) or t.params
            for t in self._log.running
            if t.number != besides
        }

    def _in_training(self) -> dict[int, Hashable]:
        """Configurations that are being trained with the longest schedule, by trial number."""
        if self._schedules is None:
            return {}
        last, fidelity = self._schedules[-1], self._fidelity_param or ""
        running = self._running().items()
        return {n: self._key_of(params) for n, params in running if params.get(fidelity) == last}

    def _fitted(self, space: Space, running: Sequence[Mapping[str, Any]]) -> ScheduleModel:
        scored = list(self._complete)
        lowest = min(reward for _, reward in scored)
        scored += [(t, lowest) for t in self._pruned]
        if len(scored) > self._max_trials:
            scored.sort(key=lambda pair: pair[0].number)
            kept = policy.best_and_latest([reward for _, reward in scored], n=self._max_trials)
            scored = [scored[i] for i in kept]
        known = [(t.params, reward) for t, reward in scored]
        model = ScheduleModel(space, self._fidelity_param, self._schedules)
        self._process = model.fit(known, running, self._process)
        return model

    def _left_kwh(self, study: Study) -> float:
        """What is neither spent nor promised to a running trial."""
        budget = self._energy.budget_kwh(study)
        return math.inf if budget is None else budget - self._committed_kwh()

    def _committed_kwh(self) -> float:
        return self._finished_kwh + sum(map(_promised_kwh, self._log.running))

    def _promotion(self, model: ScheduleModel, left_kwh: float) -> dict[str, Any] | None:
        """The best tried configuration with the longest schedule, if that is due and affordable."""
        assert self._schedules is not None
        fidelity, first, last = self._fidelity_param or "", self._schedules[0], self._schedules[-1]
        running = self._running()
        longer_kwh = self._longer_kwh + sum(
            _promised_kwh(t)
            for t in self._log.running
            if running[t.number].get(fidelity, first) != first
        )
        if not policy.promotion_due(
            longer_kwh, self._committed_kwh(), promotion_share=self._promotion_share
        ):
            return None
        tried = [t.params for t, _ in self._waiting(left_kwh)][-10 * self._max_trials :]
        if not tried:
            return None
        return {**tried[int(np.argmax(model.at_longest(tried)))], fidelity: last}

    def _early_promotion(self, n_short: int, left_kwh: float) -> dict[str, Any] | None:
        """The best of the start so far, after every few of its trainings."""
        if self._schedules is None or len(self._schedules) < 2:
            return None
        n_longest = len(self._longest) + len(self._in_training())
        waiting = self._waiting(left_kwh)
        if not waiting or not policy.early_promotion_due(
            n_short, n_longest, promotion_share=self._promotion_share
        ):
            return None
        best, _ = max(waiting, key=lambda pair: pair[1])
        return {**best.params, self._fidelity_param or "": self._schedules[-1]}

    def _waiting(self, left_kwh: float) -> list[tuple[FrozenTrial, float]]:
        """Tried configurations without the longest schedule that can be paid, with rewards."""
        assert self._schedules is not None
        fidelity, last = self._fidelity_param or "", self._schedules[-1]
        taken = self._longest.union(self._in_training().values())
        return [
            (t, reward)
            for t, reward in self._complete
            if fidelity in t.params
            and self._key_of(t.params) not in taken
            and spent_kwh(t) * energy_factor(last, t.params[fidelity]) <= left_kwh
        ]


def _promised_kwh(trial: FrozenTrial) -> float:
    """What a running trial has spent or was promised, kWh."""
    return max(spent_kwh(trial), planned_kwh(trial) or 0.0)
