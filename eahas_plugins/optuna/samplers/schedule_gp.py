"""Bayesian optimisation whose fidelity is the length of the learning-rate schedule."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.models.axes import stratum
from eahas_plugins.models.schedule_model import ScheduleModel
from eahas_plugins.optuna._compat import enqueued_params
from eahas_plugins.optuna._trials import AUTO
from eahas_plugins.optuna.pruners._several import refuse_idle_pruner
from eahas_plugins.optuna.samplers import _promotions
from eahas_plugins.optuna.samplers._base import RewardSampler, Scored, Space
from eahas_plugins.optuna.samplers._earlier import PriorFeature
from eahas_plugins.optuna.samplers._earlier_sources import Sources, earlier_studies
from eahas_plugins.optuna.samplers._encoding import Axis
from eahas_plugins.optuna.samplers._front_trials import Known, check_known, check_known_of, signs_of
from eahas_plugins.optuna.samplers._fronts import fitted_front, shorter_training
from eahas_plugins.optuna.samplers._running import Proposal
from eahas_plugins.optuna.samplers._schedule_state import ScheduleState
from eahas_plugins.optuna.samplers._schedules import check_schedules, check_search, config_key


class ScheduleGPSampler(RewardSampler[ScheduleState]):
    """Searches with the shortest schedule, trains the best with the longest, later all of them.

    A Gaussian process over all parameters and schedules learns from every trial: the logarithm of
    the error where values are accuracies or losses, else the values. A short training is the long
    one and something of its own, which is learnt too. Fitted to few trials it is too sure: what is
    expected is the mean over it and one with lengths half as long. At every step two things compete
    by the expected improvement of the value with the *longest* schedule per kWh that is still to be
    spent until it is known, log EI - alpha log kWh, alpha = ``cooling`` x what is left of the
    budget: the best new configuration, which is tried with the shortest schedule first, and the
    tried ones, which would be trained with the longest. Improvement is over the best *predicted*
    value, which unlike the best value seen is not taken in by luck. Once ``short_until`` of the
    budget is spent, or where short trainings cost more than half of what they tell, new
    configurations are trained with the longest schedule at once, as far as that can be paid.

    It starts with a Latin hypercube, denser in the middle (Beta(2, 2)) where there is one: good
    values are seldom at the ends of a range. After every four of these short trainings the best so
    far gets the longest schedule, so that there is something good to show early.

    The state is in the trials alone, so any number of workers may decide, and one object may serve
    several studies; running trials count as what is predicted for them, and where trainings fail,
    the chance to succeed counts. Trials that break a constraint rank below all others and are not
    trained longer. A trial that trains an earlier one's configuration longer has that one's number
    in its attribute ``promoted_from``.

    Two or three objectives have a process each; improvement is of the volume of their front.

    Example:
        >>> import optuna
        >>> sampler = ScheduleGPSampler(fidelity_param="max_epoch", seed=0)
        >>> study = optuna.create_study(sampler=sampler, direction="maximize")  # doctest: +SKIP

    Args:
        fidelity_param: Parameter whose values are complete schedules. By default (``"auto"``) the
            one whose name is usual for the length of a training (``max_epoch``, ``epochs``,
            ``max_steps``, ``n_estimators``, ``num_boost_round`` and the like), if exactly one is.
            Without one there is a warning, and all parameters are treated alike, as None does.
        schedules: Its values, shortest first. Only the first and the last are trained: by default
            the smallest and the largest number, or the first and the last of other choices.
        promotion_share: Part of the energy for longer schedules, in [0, 1], where there is one
            objective and no budget; with 0 no tried configuration is ever trained longer.
        short_until: Part of the budget, in [0, 1], after which new configurations are trained with
            the longest schedule; 1 never does. Without a budget it is not reached.
        cooling: Alpha while nothing is spent. Not negative; 0 ignores predicted energy.
        budget_kwh: Energy of the whole study, kWh. By default what ``EnergyBudget`` tells the
            study; without any budget alpha stays ``cooling``.
        n_startup_trials: Trials of the Latin hypercube. At least 2.
        centred_start: Whether it is denser in the middle; else uniform.
        n_candidates: Configurations a proposal is chosen from. At least 2.
        max_trials: Trials that the model learns from: half of them the best, half the latest. At
            least 2.
        known_objectives: As of :func:`~eahas_plugins.optuna.ea_bohb`.
        earlier: Earlier studies to start from, as of :func:`~eahas_plugins.optuna.ea_bohb`.
        seed: Seed of all draws.

    Raises:
        ValueError: If an argument is out of range (NaN), or an earlier study cannot be used.
        TypeError: If ``earlier`` is no list or holds something else than studies.

    References:
        Lee et al. (2020), Cost-aware Bayesian optimization (cooling).
        Falkner et al. (2018), BOHB (model-based search over fidelities).
    """

    def __init__(
        self,
        *,
        fidelity_param: str | None = AUTO,
        schedules: Sequence[Any] | None = None,
        promotion_share: float = 0.5,
        short_until: float = policy.SHORT_UNTIL,
        cooling: float = 1.0,
        budget_kwh: float | None = None,
        n_startup_trials: int = 10,
        centred_start: bool = True,
        n_candidates: int = 600,
        max_trials: int = 200,
        known_objectives: Known | None = None,
        earlier: Sources = (),
        seed: int | None = None,
    ) -> None:
        check_schedules(schedules, promotion_share=promotion_share)
        check_search(
            short_until=short_until,
            cooling=cooling,
            centred_start=centred_start,
            n_startup_trials=n_startup_trials,
            n_candidates=n_candidates,
            max_trials=max_trials,
        )
        self._make_state = functools.partial(
            ScheduleState,
            earlier=earlier_studies(earlier, fidelity_param=fidelity_param),
            fidelity_param=fidelity_param,
            schedules=None if schedules is None else tuple(schedules),
            budget_kwh=budget_kwh,
            owner=type(self).__name__,
        )
        self._make_state()  # says now what is wrong with an argument
        super().__init__(reward_exponent=0.0, seed=seed)
        self._promotion_share = promotion_share
        self._short_until = short_until
        self._cooling = cooling
        self._n_startup_trials = n_startup_trials
        self._centred_start = centred_start
        self._n_candidates = n_candidates
        self._max_trials = max_trials
        self._known_objectives = check_known(known_objectives)
        self._hypercube = int(self._rng.integers(2**31))

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The shortest schedule; other parameters from the hypercube, and later at random."""
        self._check_objectives(study)
        with self._lock:
            state = self._studies.of(study)
            return self._start(state, study, trial, param_name, param_distribution)

    def _start(
        self,
        state: ScheduleState,
        study: Study,
        trial: FrozenTrial,
        name: str,
        distribution: BaseDistribution,
    ) -> Any:
        if state.fidelity.may_be(name, distribution):
            proposal = state.proposals.get(trial.number)
            longest = proposal is not None and proposal.longest  # by a range that has changed
            return state.follow(name, distribution)[-1 if longest else 0]
        place = state.place_of(trial.number, self._n_startup_trials)
        if place is None:
            return self._draw(study, trial, name, distribution)
        first = state.earlier_of(study).first_value(study, trial, place, name, distribution)
        if first is not None:
            return first[0]
        share = stratum(name, place, self._n_startup_trials, self._hypercube)
        axis = Axis(distribution)
        return axis.value(axis.centred(share) if self._centred_start else share)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Forget what was proposed."""
        with self._lock:
            self._studies.of(study).forget(trial, state)

    def _check_objectives(self, study: Study) -> None:
        signs_of(study)
        check_known_of(study, self._known_objectives)
        refuse_idle_pruner(study)

    def _new_state(self) -> ScheduleState:
        return self._make_state()

    def _update(self, state: ScheduleState, study: Study) -> list[FrozenTrial]:
        finished = super()._update(state, study)
        state.learn(finished)
        return finished

    def _propose(
        self, state: ScheduleState, study: Study, trial: FrozenTrial, space: Space
    ) -> dict[str, Any]:
        proposal = _promotions.announced(
            state,
            study,
            trial,
            decide=functools.partial(self._decided, state, study, trial, space),
            update=lambda: self._update(state, study),
        )
        state.proposals[trial.number] = proposal
        return {name: value for name, value in proposal.params.items() if name in space}

    def _decided(
        self, state: ScheduleState, study: Study, trial: FrozenTrial, space: Space, promotes: bool
    ) -> Proposal:
        left, left_kwh = state.energy.alpha(study), state.left_kwh(study)
        fixed = enqueued_params(trial)
        several = len(study.directions) > 1
        promoted: Scored | None = None
        if state.n_short < self._n_startup_trials or not state.complete or not promotes:
            if promotes and not (fixed or several):
                promoted = _promotions.early(
                    state, space, left_kwh=left_kwh, promotion_share=self._promotion_share
                )
            if promoted is None:
                params = {n: self._start(state, study, trial, n, d) for n, d in space.items()}
        else:
            running = [params for params in state.running(trial.number).values() if params]
            model = self._fitted(state, study, space, running)
            endless = several and state.energy.budget_kwh(study) is None
            longest = model.multi_fidelity and (
                endless
                or policy.short_phase_ended(left, short_until=self._short_until)
                or not (several or model.tries_short)
            )
            longest = longest and (several or not state.longest_in_vain)
            log_kwh = state.energy.predictor(study, space)
            unweighed = log_kwh is None or (several and longest and not endless)
            alpha = 0.0 if unweighed else self._cooling * left
            params, gain = model.explore(
                log_kwh,
                longest_kwh=left_kwh if longest else 0.0,
                alpha=alpha,
                n=self._n_candidates,
                rng=self._rng,
            )
            if model.multi_fidelity and not (fixed or several) and self._promotion_share:
                promoted = _promotions.by_gain(
                    state,
                    study,
                    model,
                    left_kwh=left_kwh,
                    alpha=alpha,
                    new_gain=gain,
                    promotion_share=self._promotion_share,
                )
        fidelity, source = state.fidelity.name, None
        if promoted is not None:
            assert state.schedules is not None
            params = {**promoted.trial.params, fidelity or "": state.schedules[-1]}
            key, source = state.key_of(promoted.trial), promoted.trial.number
        else:
            params = {**params, **{n: v for n, v in fixed.items() if n in params}}
            key = config_key(params, space, fidelity)
            if several and promotes:
                source = shorter_training(state, params, key)
        return state.proposal(params, key, promoted=promoted is not None, source=source)

    def _fitted(
        self, state: ScheduleState, study: Study, space: Space, running: Sequence[Mapping[str, Any]]
    ) -> ScheduleModel:
        if len(study.directions) > 1:
            return fitted_front(
                state, study, space, running, self._known_objectives, max_trials=self._max_trials
            )
        model = ScheduleModel(
            {name: Axis(distribution) for name, distribution in space.items()},
            state.fidelity.name,
            state.schedules,
            longest_factor=state.longest_factor(),
            goes_on=state.goes_on,
        )
        prior = state.earlier_of(study).prior({name: space[name] for name in model.axes})
        if prior is not None:
            model.prior = PriorFeature(prior, model.axes, has_levels=model.multi_fidelity)
        state.kept.process = model.fit(
            state.known(self._max_trials),
            running=running,
            failed=[t.params for t in state.telling_failures()],
            past=state.past(self._max_trials),
            process=state.kept.process,
        )
        return model
