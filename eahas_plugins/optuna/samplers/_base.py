"""What the paper's evolutionary samplers share: rewards, re-draws and the space seen so far."""

from __future__ import annotations

import math
import threading
from abc import abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.optuna._compat import study_key
from eahas_plugins.optuna._trials import TrialLog, check_one_objective, contains, energy_of

Space = Mapping[str, BaseDistribution]


class RewardSampler(BaseSampler):
    """A single-objective sampler that ranks complete trials by the paper's reward.

    Args:
        reward_exponent: Trials are ranked by the paper's reward, value times ``energy_kwh`` to this
            power. At most 0; 0 is the plain method.
        seed: Seed of all draws.
    """

    def __init__(self, *, reward_exponent: float, seed: int | None) -> None:
        if not reward_exponent <= 0.0:
            raise ValueError(f"reward_exponent must be at most 0 but got {reward_exponent}.")
        self._reward_exponent = reward_exponent
        self._rng = np.random.default_rng(seed)
        self._random = RandomSampler(seed=seed)
        self._lock = threading.Lock()
        self._key: Hashable = None
        self._restart()

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_key": None, "_log": None, "_complete": []}
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
        self._restart()  # the other process reads the trials itself

    def reseed_rng(self) -> None:
        """Give each process its own random numbers."""
        self._rng = np.random.default_rng()
        self._random.reseed_rng()

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Every parameter seen so far, with its latest distribution (conditional ones too)."""
        with self._lock:
            self._update(study)
            return {n: d for n, d in sorted(self._space.items()) if not d.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values for all parameters of the space, or none for a random configuration."""
        check_one_objective(study, type(self).__name__)
        if not search_space:
            return {}
        with self._lock:
            self._update(study)
            return self._propose(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A random value."""
        check_one_objective(study, type(self).__name__)
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    @abstractmethod
    def _propose(self, study: Study, trial: FrozenTrial, space: Space) -> dict[str, Any]:
        """Values for all of ``space``, or none; holds the lock."""

    def _restart(self) -> None:
        """Forget the trials."""
        self._log = TrialLog()
        self._space: dict[str, BaseDistribution] = {}
        self._complete: list[tuple[FrozenTrial, float]] = []
        """Complete trials and their rewards (larger is better)."""

    def _update(self, study: Study) -> list[FrozenTrial]:
        """Learn the trials finished since the last call, and return them."""
        if self._key != (key := study_key(study)):
            self._restart()
            self._key = key
        finished = self._log.update(study)
        for trial in finished:
            if trial.state is TrialState.FAIL:
                continue
            self._space.update(trial.distributions)
            if trial.state is TrialState.COMPLETE:
                self._complete.append((trial, self._reward(study, trial)))
        return finished

    def _reward(self, study: Study, trial: FrozenTrial) -> float:
        maximize = study.direction is StudyDirection.MAXIMIZE
        reward = policy.reward(
            trial.values[0],
            energy_of(trial) or math.nan,
            reference_kwh=1.0,  # scales every reward alike
            exponent=self._reward_exponent,
            maximize=maximize,
        )
        return float(reward) if maximize else -float(reward)

    def _redraw(
        self,
        study: Study,
        trial: FrozenTrial,
        parent: Mapping[str, Any],
        space: Space,
        names: Collection[str],
    ) -> dict[str, Any]:
        """The parent with ``names`` drawn anew, at least one of them to another value.

        Parameters that the parent does not have, or that no longer fit, are drawn too.
        """
        child = {}
        for name, distribution in space.items():
            if name in parent and contains(distribution, parent[name]):
                child[name] = parent[name]
            else:
                child[name] = self._draw(study, trial, name, distribution)
        names = [name for name in names if name in child]
        before = {name: child[name] for name in names}
        for _ in range(20):
            for name in names:
                child[name] = self._draw(study, trial, name, space[name])
            if any(child[name] != before[name] for name in names):
                break
        return child

    def _one_of(self, space: Space, parent: Mapping[str, Any]) -> list[str]:
        """One parameter of the parent, at random."""
        names = [name for name in space if name in parent] or list(space)
        return [names[int(self._rng.integers(len(names)))]]

    def _draw(
        self, study: Study, trial: FrozenTrial, name: str, distribution: BaseDistribution
    ) -> Any:
        return self._random.sample_independent(study, trial, name, distribution)


def check_positive(**counts: int) -> None:
    """Raise ValueError unless each is at least 1."""
    for name, count in counts.items():
        if not count >= 1:
            raise ValueError(f"{name} must be at least 1 but got {count}.")


def best_of(scored: Sequence[tuple[FrozenTrial, float]]) -> tuple[FrozenTrial, float]:
    """The trial with the largest reward; the oldest of equals."""
    return max(scored, key=lambda pair: (pair[1], -pair[0].number))
