"""BANANAS, plain and energy-aware."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import check_counts
from eahas_plugins.models.gaussian_process import GridProcess
from eahas_plugins.optuna.samplers._base import (
    RewardSampler,
    Space,
    StudyState,
    rewards_to_learn,
)
from eahas_plugins.optuna.samplers._chance import log_chance_of
from eahas_plugins.optuna.samplers._encoding import encode
from eahas_plugins.policy import PAPER_EXPONENT


class BananasSampler(RewardSampler[StudyState]):
    """Mutates the best trials and evaluates the candidate a predictor likes best.

    Each candidate re-draws one parameter of one of the best trials; a predictor gives mean and
    deviation of its reward; the largest independent Thompson sample wins. Unlike the original,
    whose predictor is an ensemble of neural networks, this one is a Gaussian process: it needs
    no training loop, knows its uncertainty, and does better with the few dozen trials that energy
    budgets allow. It sees at most ``max_trials`` trials, half of them the best and half the
    latest, so that a proposal stays cheap.

    Example:
        >>> import optuna
        >>> sampler = BananasSampler(seed=0)
        >>> study = optuna.create_study(sampler=sampler)  # doctest: +SKIP

    Args:
        n_startup_trials: Random trials at the start. At least 1.
        n_candidates: Mutations to choose from. At least 1.
        n_parents: How many of the best trials are mutated. At least 1.
        max_trials: Trials that the predictor learns from. At least 2.
        reward_exponent: Trials are ranked by the paper's reward, value times ``energy_kwh`` to this
            power. At most 0; 0 is the plain method.
        seed: Seed of all draws.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        White et al. (2021), BANANAS: Bayesian optimization with neural architectures for NAS.
        Dou et al. (2023), EA-HAS-Bench, section 5 (settings and reward).
    """

    def __init__(
        self,
        *,
        n_startup_trials: int = 10,
        n_candidates: int = 40,
        n_parents: int = 5,
        max_trials: int = 300,
        reward_exponent: float = PAPER_EXPONENT,
        seed: int | None = None,
    ) -> None:
        check_counts(
            1, n_startup_trials=n_startup_trials, n_candidates=n_candidates, n_parents=n_parents
        )
        check_counts(2, max_trials=max_trials)
        super().__init__(reward_exponent=reward_exponent, seed=seed)
        self._n_startup_trials = n_startup_trials
        self._n_candidates = n_candidates
        self._n_parents = n_parents
        self._max_trials = max_trials

    def _new_state(self) -> StudyState:
        return StudyState()

    def _propose(
        self, state: StudyState, study: Study, trial: FrozenTrial, space: Space
    ) -> dict[str, Any]:
        if len(state.complete) < self._n_startup_trials:
            return {}
        ranked = sorted(state.complete, key=lambda one: one.rank, reverse=True)
        parents = [one.trial.params for one in ranked[: self._n_parents]]
        candidates = []
        for _ in range(self._n_candidates):
            parent = parents[int(self._rng.integers(len(parents)))]
            names = self._one_of(space, parent)
            candidates.append(self._redraw(study, trial, parent, space, names))
        learnt = state.complete
        if len(learnt) > self._max_trials:
            half = self._max_trials // 2
            chosen = {one.trial.number: one for one in (*ranked[:half], *learnt[-half:])}
            learnt = list(chosen.values())
        learnt = [one for one in learnt if math.isfinite(one.reward)]
        if not learnt:
            return {}
        configs = [one.trial.params for one in learnt]
        predictor = GridProcess(encode(configs, space), rewards_to_learn(learnt))
        mean, deviation = predictor.predict(encode(candidates, space))
        drawn = mean + deviation * self._rng.standard_normal(len(mean))
        drawn += predictor.scale * log_chance_of(  # the same in every unit of the objective
            candidates, space, known=configs, failed=[t.params for t in state.telling_failures()]
        )
        return candidates[int(np.argmax(drawn))]
