"""What the paper's evolutionary samplers share: rewards, re-draws and the space seen so far."""

from __future__ import annotations

import math
import threading
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins import policy
from eahas_plugins.arguments import check_reward_exponent, check_seed
from eahas_plugins.models.chance import n_before_mended
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.optuna._per_study import PerStudy
from eahas_plugins.optuna._trials import (
    TrialLog,
    check_one_objective,
    contains,
    training_kwh,
    violation,
)

Floats = NDArray[np.float64]
Space = Mapping[str, BaseDistribution]

_LARGEST = 1e100  # so that the square of a reward is still a number


class Scored(NamedTuple):
    """A complete trial.

    Args:
        trial: The trial.
        reward: Its reward, larger is better; 0 where there are several objectives.
        violation: How far it is from feasible; infinite if its value is.
    """

    trial: FrozenTrial
    reward: float
    violation: float

    @property
    def rank(self) -> tuple[float, float, int]:
        """Larger is better, feasible before infeasible, then the reward, then the older one."""
        return (-self.violation, self.reward, -self.trial.number)


def rewards_to_learn(scored: Sequence[Scored]) -> Floats:
    """Finite rewards for a model: what is infeasible or infinite counts as the worst of the rest.

    While nothing is feasible, it learns how far each is from that.
    """
    feasible = [one.reward for one in scored if one.violation == 0.0]
    if feasible:
        lowest = min(feasible)
        learnt = [one.reward if one.violation == 0.0 else lowest for one in scored]
    else:
        known = [one.violation for one in scored if math.isfinite(one.violation)]
        learnt = [-min(one.violation, max(known, default=0.0)) for one in scored]
    return np.clip(learnt, -_LARGEST, _LARGEST)


class StudyState:
    """What a sampler knows of one study."""

    def __init__(self) -> None:
        self.log = TrialLog()
        self.space: dict[str, BaseDistribution] = {}
        self.complete: list[Scored] = []
        self.failed: list[FrozenTrial] = []
        """Those that have told what they were to train."""
        self.ended: list[tuple[int, bool]] = []
        """Numbers of the same and of all that did not fail, and whether they failed."""

    def telling_failures(self) -> list[FrozenTrial]:
        """Failed trials that say something of the place, oldest first."""
        if not self.failed:
            return []
        n_out = n_before_mended([failed for _, failed in sorted(self.ended)])
        return sorted(self.failed, key=lambda trial: trial.number)[n_out:]


AnyState = TypeVar("AnyState", bound=StudyState)


class RewardSampler(LocalState, BaseSampler, Generic[AnyState]):
    """A single-objective sampler that ranks complete trials by the paper's reward.

    Trials that break a constraint rank below all others. One object may serve several studies.

    Args:
        reward_exponent: Trials are ranked by the paper's reward, value times ``energy_kwh`` to this
            power. At most 0; 0 is the plain method.
        seed: Seed of all draws.

    Raises:
        ValueError: If ``reward_exponent`` is out of range (NaN included).
    """

    def __init__(self, *, reward_exponent: float, seed: int | None) -> None:
        check_reward_exponent(reward_exponent)
        check_seed(seed)
        self._reward_exponent = reward_exponent
        self._rng = np.random.default_rng(seed)
        self._random = RandomSampler(seed=seed)
        self._make_local()
        self._studies: PerStudy[AnyState] = PerStudy(self._new_state)

    def _make_local(self) -> None:
        self._lock = threading.Lock()

    def reseed_rng(self) -> None:
        """Give each process its own random numbers."""
        self._rng = np.random.default_rng()
        self._random.reseed_rng()

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Every parameter seen so far, with its latest distribution (conditional ones too)."""
        self._check_objectives(study)
        with self._lock:
            state = self._studies.of(study)
            self._update(state, study)
            return {n: d for n, d in sorted(state.space.items()) if not d.single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Values for all parameters of the space, or none for a random configuration."""
        self._check_objectives(study)
        if not search_space:
            return {}
        with self._lock:
            state = self._studies.of(study)
            self._update(state, study)
            return self._propose(state, study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """A random value."""
        self._check_objectives(study)
        with self._lock:
            return self._draw(study, trial, param_name, param_distribution)

    def _check_objectives(self, study: Study) -> None:
        """Refuse a study whose objectives this sampler cannot search."""
        check_one_objective(study, type(self).__name__)

    @abstractmethod
    def _new_state(self) -> AnyState:
        """What is known of a study at its start."""

    @abstractmethod
    def _propose(
        self, state: AnyState, study: Study, trial: FrozenTrial, space: Space
    ) -> dict[str, Any]:
        """Values for all of ``space``, or none; holds the lock."""

    def _update(self, state: AnyState, study: Study) -> list[FrozenTrial]:
        """Learn the trials finished since the last call, and return them."""
        finished = state.log.update(study)
        for trial in finished:
            if trial.state is TrialState.FAIL:
                if trial.params:
                    state.failed.append(trial)
                    state.ended.append((trial.number, True))
                continue
            state.ended.append((trial.number, False))
            state.space.update(trial.distributions)
            if trial.state is TrialState.COMPLETE:
                state.complete.append(self._scored(study, trial))
        return finished

    def _scored(self, study: Study, trial: FrozenTrial) -> Scored:
        if len(study.directions) > 1:  # no order between them: who can search them, ranks them
            finite = all(map(math.isfinite, trial.values))
            return Scored(trial, 0.0, violation(trial) if finite else math.inf)
        maximize = study.direction is StudyDirection.MAXIMIZE
        reward = policy.reward(
            trial.values[0],
            training_kwh(trial) or math.nan,
            reference_kwh=1.0,  # scales every reward alike
            exponent=self._reward_exponent,
            maximize=maximize,
        )
        score = float(reward) if maximize else -float(reward)
        if not math.isfinite(score):
            return Scored(trial, -math.inf, math.inf)
        return Scored(trial, score, violation(trial))

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


def best_of(scored: Sequence[Scored]) -> Scored:
    """The trial of the highest rank; the oldest of equals."""
    return max(scored, key=lambda one: one.rank)
