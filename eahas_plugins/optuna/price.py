"""A study ends when a kWh is not expected to bring its price any more."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import check_counts, check_made
from eahas_plugins.budget.attributes import known_kwh
from eahas_plugins.models.price import N_STARTUP_TRIALS, PATIENCE, PriceEnd, price_argument
from eahas_plugins.optuna._per_study import PerStudy
from eahas_plugins.optuna._trials import AUTO, check_one_objective
from eahas_plugins.optuna.budget.messages import say, warn
from eahas_plugins.optuna.samplers._schedule_state import ScheduleState
from eahas_plugins.optuna.samplers.schedule_gp import ScheduleGPSampler
from eahas_plugins.units import energy_text

PRICE_ATTR = "energy_price"
"""Study attribute: the price that ended the study, and what was expected for a kWh then."""

_SILENT = (
    "EnergyPrice: no trial has reported its energy, without which nobody knows what a kWh brings: "
    'trial.set_user_attr("energy_kwh", …) or EnergyTracker; until then the study does not end.'
)


class EnergyPrice:
    """Ends a study when the best next training is not worth its energy.

    After each trial, a Gaussian process over all trials says for every configuration by how much
    the best value is expected to improve if it is trained with the longest schedule, and a
    regression what energy that takes. The study ends when their largest ratio stays below the
    price: that is, when the best value exceeds the Gittins index of every configuration. Any
    sampler may choose the trials. A budget is not needed, but may be there as well. A study that
    has ended and is run again with the same price ends after one more trial; Optuna asks after
    trials alone.

    Example:
        >>> import optuna
        >>> from eahas_plugins.optuna import EnergyPrice, ea_bohb
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> def objective(trial):
        ...     width = trial.suggest_int("width", 1, 64)
        ...     trial.set_user_attr("energy_kwh", 1e-3 * width)
        ...     return (width - 20) ** 2 / 100
        >>> study = optuna.create_study(sampler=ea_bohb(fidelity_param=None, seed=0)[0])
        >>> price = EnergyPrice(0.5, fidelity_param=None)  # a kWh must bring 0.5
        >>> study.optimize(objective, n_trials=60, callbacks=[price])
        >>> len(study.trials) < 60
        True

    Args:
        price_kwh: What one kWh must bring, in units of the objective. Positive.
        fidelity_param: Parameter whose values are complete schedules; see `ea_bohb`.
        schedules: Its values, shortest first; see `ea_bohb`.
        n_startup_trials: Complete trials before a study may end. At least 2.
        patience: After how many trials in a row the best next training must not be worth its
            energy: what is expected is an estimate. At least 1.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Xie et al. (2024), Cost-aware Bayesian optimization via the Pandora's box Gittins index,
        eq. 4; Xie et al. (2025), Cost-aware stopping for Bayesian optimization, section 3.
    """

    def __init__(
        self,
        price_kwh: float,
        *,
        fidelity_param: str | None = AUTO,
        schedules: Sequence[Any] | None = None,
        n_startup_trials: int = N_STARTUP_TRIALS,
        patience: int = PATIENCE,
    ) -> None:
        self.price_kwh = price_argument(price_kwh)
        check_counts(1, patience=patience)
        self._patience = patience
        self._streaks: PerStudy[_Streak] = PerStudy(_Streak)
        self._outlook = _Outlook(
            fidelity_param=fidelity_param,
            schedules=schedules,
            n_startup_trials=n_startup_trials,
            seed=0,
        )

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Look at the study after a trial.

        Raises:
            ValueError: If it has several objectives.
        """
        expected = self.expected_per_kwh(study)
        streak = self._streaks.of(study)
        if streak.is_new:
            streak.is_new = False
            told = study.user_attrs.get(PRICE_ATTR)
            price_kwh = known_kwh(told.get("price_per_kwh")) if isinstance(told, dict) else None
            if price_kwh is not None and price_kwh <= self.price_kwh:  # it has ended it before
                streak.length = self._patience - 1
        if expected is None:
            if self._outlook.is_silent(study) and not streak.silence_said:
                streak.silence_said = True
                warn(_SILENT)
            return
        streak.length = streak.length + 1 if expected < self.price_kwh else 0
        if streak.length < self._patience:
            return
        end = PriceEnd(price_per_kwh=self.price_kwh, expected_per_kwh=expected)
        study.set_user_attr(PRICE_ATTR, dataclasses.asdict(end))
        spent = energy_text(self._outlook.spent_kwh(study))
        say(
            f"The study ends: {end}; {spent} spent in {len(study.get_trials(deepcopy=False))} "
            "trials."
        )
        study.stop()

    def expected_per_kwh(self, study: Study) -> float | None:
        """What a kWh is expected to bring at best; None while too little is known.

        Args:
            study: The study.

        Raises:
            ValueError: If it has several objectives.
            TypeError: If it is no study.
        """
        check_made(Study, study=study)
        check_one_objective(study, type(self).__name__)
        return self._outlook.expected_per_kwh(study)


class _Streak:
    """Trials in a row after which nothing was worth its energy."""

    length = 0
    is_new = True
    silence_said = False


class _Outlook(ScheduleGPSampler):
    """The model of EA-BOHB without its choices."""

    def _new_state(self) -> ScheduleState:
        state: ScheduleState = self._make_state(owner=EnergyPrice.__name__)
        return state

    def is_silent(self, study: Study) -> bool:
        """Whether enough trials have ended and none has reported its energy."""
        state = self._studies.of(study)
        return len(state.complete) >= self._n_startup_trials and not state.committed_kwh()

    def expected_per_kwh(self, study: Study) -> float | None:
        with self._lock:
            state = self._studies.of(study)
            self._update(state, study)
            space = {n: d for n, d in sorted(state.space.items()) if not d.single()}
            if not space or len(state.complete) < self._n_startup_trials:
                return None
            log_kwh = state.energy.predictor(study, space)
            if log_kwh is None:
                return None
            running = [params for params in state.running().values() if params]
            model = self._fitted(state, study, space, running)
            rng = np.random.default_rng(len(state.complete))  # the same in every process
            return model.gain_per_kwh(log_kwh, n=self._n_candidates, rng=rng)

    def spent_kwh(self, study: Study) -> float:
        return self._studies.of(study).committed_kwh()
