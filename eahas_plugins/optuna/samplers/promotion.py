"""Schedule promotion: try short schedules, repeat the best with longer ones."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.arguments import (
    check_counts,
    check_flags,
    check_made,
    check_names,
    check_seed,
)
from eahas_plugins.optuna._compat import is_enqueued, require, set_user_attr, study_behind
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.optuna._per_study import PerStudy
from eahas_plugins.optuna._trials import AUTO, PROMOTED_KEY, StudyView, check_one_objective
from eahas_plugins.optuna.samplers._promotion_log import PromotionLog
from eahas_plugins.optuna.samplers._schedules import check_schedules


class SchedulePromotionSampler(LocalState, BaseSampler):
    """Makes the length of the learning-rate schedule the fidelity of any sampler.

    The wrapped sampler chooses everything but ``fidelity_param``, which gets its shortest value,
    and learns from those trials alone. Whenever repetitions with a longer schedule have used less
    than ``promotion_share`` of the energy spent so far, the next trial repeats one of the ``top``
    best configurations that have not been repeated yet. A complete short schedule says far more
    about a long one than a long one that is cut early.

    A repetition carries the attribute ``promoted_from``, the number of the trial it repeats. That
    and ``energy_kwh`` is all the state, so any number of workers may decide. Without energy (or
    with ``promotion_share=0``) nothing is ever promoted.

    Example:
        >>> import optuna
        >>> sampler = SchedulePromotionSampler(
        ...     optuna.samplers.TPESampler(seed=0), fidelity_param="max_epoch"
        ... )
        >>> study = optuna.create_study(sampler=sampler, direction="maximize")  # doctest: +SKIP

    Args:
        sampler: Any sampler for the other parameters.
        fidelity_param: Name of the parameter whose values are complete schedules.
        schedules: Its values, shortest first. By default all values of a categorical, and the
            two ends of a numeric range.
        promotion_share: Part of the energy that repetitions should have, in [0, 1].
        top: From how many of the best one is drawn. At least 1.
        skip_to_last: Whether to repeat with the longest schedule at once instead of the next one.
        n_startup_trials: Complete trials before the first repetition. At least 1.
        budget_kwh: Energy of the whole study, kWh; a repetition that no longer fits is not
            started. By default what ``EnergyBudget`` tells the study, if anything.
        seed: Seed of the draw among the best.

    Raises:
        ValueError: If an argument is out of range (NaN included).
        TypeError: If ``sampler`` is not a sampler.
        ImportError: If this Optuna lacks a private name that the sampler needs.
    """

    def __init__(
        self,
        sampler: BaseSampler,
        *,
        fidelity_param: str,
        schedules: Sequence[Any] | None = None,
        promotion_share: float = 0.5,
        top: int = 3,
        skip_to_last: bool = True,
        n_startup_trials: int = 10,
        budget_kwh: float | None = None,
        seed: int | None = None,
    ) -> None:
        require("SchedulePromotionSampler")
        check_schedules(schedules, promotion_share=promotion_share)
        check_counts(1, top=top, n_startup_trials=n_startup_trials)
        check_seed(seed)
        check_flags(skip_to_last=skip_to_last)
        check_made(BaseSampler, sampler=sampler)
        check_names(fidelity_param=fidelity_param)
        if fidelity_param == AUTO:
            raise ValueError(
                f"fidelity_param must be the name of a parameter but got {AUTO!r}: only ea_bohb "
                "and ScheduleGPSampler look for one by themselves."
            )
        self._make_log = functools.partial(
            PromotionLog,
            fidelity_param=fidelity_param,
            schedules=None if schedules is None else tuple(schedules),
            promotion_share=promotion_share,
            top=top,
            skip_to_last=skip_to_last,
            n_startup_trials=n_startup_trials,
            budget_kwh=budget_kwh,
        )
        self._make_log()  # says now what is wrong with an argument
        self._sampler = sampler
        self._random = RandomSampler(seed=seed)
        self._fidelity_param = fidelity_param
        self._rng = np.random.default_rng(seed)
        self._studies: PerStudy[PromotionLog] = PerStudy(self._make_log)
        self._make_local()

    def _make_local(self) -> None:
        self._lock = threading.Lock()

    def reseed_rng(self) -> None:
        """Give each process its own random numbers."""
        self._rng = np.random.default_rng()
        self._random.reseed_rng()
        self._sampler.reseed_rng()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Decide whether this trial is a repetition, and claim it; else the wrapped one is asked.

        It is not asked for what it will not get: a grid would lose the point.
        """
        if not self._claims(study, trial):
            self._sampler.before_trial(self._view(study), trial)

    def _claims(self, study: Study, trial: FrozenTrial) -> bool:
        if len(study.directions) > 1:
            return False  # said once the trial can fail of it, not here where it would stay RUNNING
        if is_enqueued(trial) or PROMOTED_KEY in trial.user_attrs:
            return False  # enqueued by the user, or the retry of a repetition
        whole = study_behind(study)
        with self._lock:
            log = self._studies.of(study)
            try:
                for _ in range(10):  # other processes may claim the same one
                    promotion = log.decide(whole, self._rng)
                    if promotion is None:
                        break
                    set_user_attr(study, trial, PROMOTED_KEY, promotion.source.number)
                    log.promotions[trial.number] = promotion
                    if log.claimed(whole, promotion, by=trial.number):
                        return True
            except ValueError as error:
                log.error = error  # likewise
                return False
            if log.promotions.pop(trial.number, None) is not None:
                set_user_attr(study, trial, PROMOTED_KEY, None)
        return False

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The space of the repeated trial, or the wrapped sampler's without the schedule."""
        check_one_objective(study, type(self).__name__)
        promotion = self._log(study).promotion_of(trial)
        if promotion is not None:
            return dict(promotion.source.distributions)
        space = self._sampler.infer_relative_search_space(self._view(study), trial)
        return {n: d for n, d in space.items() if n != self._fidelity_param}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The repeated parameters with the longer schedule, or the wrapped sampler's."""
        promotion = self._log(study).promotion_of(trial)
        if promotion is not None:
            repeated = {**promotion.source.params, self._fidelity_param: promotion.schedule}
            return {name: repeated[name] for name in search_space}
        return self._sampler.sample_relative(self._view(study), trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """The shortest schedule, or what the wrapped sampler says of other parameters."""
        check_one_objective(study, type(self).__name__)
        with self._lock:
            log = self._studies.of(study)
            promotion = log.promotion_of(trial)
            if param_name == self._fidelity_param:
                return log.follow(param_distribution)[0 if promotion is None else -1]
        if promotion is not None:  # a parameter that the repeated trial did not have
            return self._random.sample_independent(study, trial, param_name, param_distribution)
        return self._sampler.sample_independent(
            self._view(study), trial, param_name, param_distribution
        )

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Forget the repetition, or tell the wrapped sampler."""
        with self._lock:
            repeated = self._studies.of(study).forget(trial)
        if not repeated:
            self._sampler.after_trial(self._view(study), trial, state, values)

    def _log(self, study: Study) -> PromotionLog:
        with self._lock:
            return self._studies.of(study)

    def _view(self, study: Study) -> Study:
        """The trials that the wrapped sampler learns from."""
        return StudyView.of(study, self._log(study).is_short)
