"""Regularised evolution, plain and energy-aware."""

from __future__ import annotations

from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import check_counts
from eahas_plugins.optuna.samplers._base import (
    RewardSampler,
    Space,
    StudyState,
    best_of,
)
from eahas_plugins.policy import PAPER_EXPONENT


class RegularizedEvolutionSampler(RewardSampler[StudyState]):
    """Regularised (aging) evolution: the best of a sample of the youngest trials is mutated.

    The population is the last ``population_size`` complete trials, so that the oldest die, and a
    mutation re-draws one parameter of the winner of a tournament. Until the population is full
    configurations are random. All state lies in the trials, so any number of workers may ask.

    Example:
        >>> import optuna
        >>> sampler = RegularizedEvolutionSampler(seed=0)
        >>> study = optuna.create_study(sampler=sampler)  # doctest: +SKIP

    Args:
        population_size: Trials that may become parents. At least 1.
        sample_size: Trials drawn for each tournament. At least 1.
        reward_exponent: Trials are ranked by the paper's reward, value times ``energy_kwh`` to this
            power. At most 0; 0 is the plain method.
        seed: Seed of all draws.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        Real et al. (2019), Regularized evolution for image classifier architecture search.
        Dou et al. (2023), EA-HAS-Bench, section 5 (settings and reward).
    """

    def __init__(
        self,
        *,
        population_size: int = 20,
        sample_size: int = 10,
        reward_exponent: float = PAPER_EXPONENT,
        seed: int | None = None,
    ) -> None:
        check_counts(1, population_size=population_size, sample_size=sample_size)
        super().__init__(reward_exponent=reward_exponent, seed=seed)
        self._population_size = population_size
        self._sample_size = sample_size

    def _new_state(self) -> StudyState:
        return StudyState()

    def _propose(
        self, state: StudyState, study: Study, trial: FrozenTrial, space: Space
    ) -> dict[str, Any]:
        if len(state.complete) < self._population_size:
            return {}
        population = state.complete[-self._population_size :]
        size = min(self._sample_size, len(population))
        drawn = self._rng.choice(len(population), size=size, replace=False)
        parent = best_of([population[i] for i in drawn]).trial.params
        return self._redraw(study, trial, parent, space, self._one_of(space, parent))
