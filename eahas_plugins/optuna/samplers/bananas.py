"""BANANAS, plain and energy-aware."""

from __future__ import annotations

from typing import Any

import numpy as np
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.models.gaussian_process import GridProcess
from eahas_plugins.optuna.samplers._base import RewardSampler, Space, check_positive
from eahas_plugins.optuna.samplers._encoding import encode
from eahas_plugins.policy import PAPER_EXPONENT


class BananasSampler(RewardSampler):
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
        check_positive(
            n_startup_trials=n_startup_trials, n_candidates=n_candidates, n_parents=n_parents
        )
        if not max_trials >= 2:
            raise ValueError(f"max_trials must be at least 2 but got {max_trials}.")
        super().__init__(reward_exponent=reward_exponent, seed=seed)
        self._n_startup_trials = n_startup_trials
        self._n_candidates = n_candidates
        self._n_parents = n_parents
        self._max_trials = max_trials

    def _propose(self, study: Study, trial: FrozenTrial, space: Space) -> dict[str, Any]:
        if len(self._complete) < self._n_startup_trials:
            return {}
        ranked = sorted(self._complete, key=lambda pair: (-pair[1], pair[0].number))
        parents = [pair[0].params for pair in ranked[: self._n_parents]]
        candidates = []
        for _ in range(self._n_candidates):
            parent = parents[int(self._rng.integers(len(parents)))]
            names = self._one_of(space, parent)
            candidates.append(self._redraw(study, trial, parent, space, names))
        learnt = self._complete
        if len(learnt) > self._max_trials:
            half = self._max_trials // 2
            chosen = {p[0].number: p for p in (*ranked[:half], *learnt[-half:])}
            learnt = list(chosen.values())
        rewards = np.array([reward for _, reward in learnt])
        finite = np.isfinite(rewards)
        if not finite.any():
            return {}
        configs = [pair[0].params for pair, keep in zip(learnt, finite, strict=True) if keep]
        predictor = GridProcess(encode(configs, space), rewards[finite])
        mean, deviation = predictor.predict(encode(candidates, space))
        return candidates[int(np.argmax(mean + deviation * self._rng.standard_normal(len(mean))))]
