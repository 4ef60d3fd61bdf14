"""Local search, plain and energy-aware."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import check_counts
from eahas_plugins.optuna._compat import set_user_attr
from eahas_plugins.optuna.samplers._base import (
    RewardSampler,
    Space,
    StudyState,
    best_of,
)
from eahas_plugins.policy import PAPER_EXPONENT

STEP_KEY = "local_search"
"""Trial attribute: [round, number of the trial whose neighbour it is or None, its own number]."""


class LocalSearchSampler(RewardSampler["_Climb"]):
    """Climbs from the best of some random trials to the first better neighbour.

    A neighbour is the same configuration with one group of parameters re-drawn, each group in
    turn. When ``n_neighbors`` neighbours were no better, the round ends and the next one starts
    from new random trials. Which round and whose neighbour a trial is, it says itself in its
    attribute ``local_search``, so any number of workers may ask.

    Example:
        >>> import optuna
        >>> architecture = ["depth", "w0", "wa", "wm", "group_width"]
        >>> sampler = LocalSearchSampler(groups=[architecture, ["base_lr", "optimizer"]], seed=0)
        >>> study = optuna.create_study(sampler=sampler)  # doctest: +SKIP

    Args:
        n_startup_trials: Random trials at the start of each round. At least 1.
        n_neighbors: Neighbours to try before giving up. At least 1.
        groups: Names that are re-drawn together; the paper has the architecture and the training
            as two groups. By default one parameter at random.
        reward_exponent: Trials are ranked by the paper's reward, value times ``energy_kwh`` to this
            power. At most 0; 0 is the plain method.
        seed: Seed of all draws.

    Raises:
        ValueError: If an argument is out of range (NaN included).

    References:
        White et al. (2021), Exploring the loss landscape in neural architecture search.
        Dou et al. (2023), EA-HAS-Bench, section 5 (settings and reward).
    """

    def __init__(
        self,
        *,
        n_startup_trials: int = 20,
        n_neighbors: int = 20,
        groups: Sequence[Collection[str]] | None = None,
        reward_exponent: float = PAPER_EXPONENT,
        seed: int | None = None,
    ) -> None:
        check_counts(1, n_startup_trials=n_startup_trials, n_neighbors=n_neighbors)
        if groups is not None and not _are_groups(groups):
            raise ValueError(
                f"groups must be a list of non-empty collections of names but got {groups!r}."
            )
        self._n_startup_trials = n_startup_trials
        self._n_neighbors = n_neighbors
        self._groups = None if groups is None else tuple(tuple(group) for group in groups)
        super().__init__(reward_exponent=reward_exponent, seed=seed)

    def _new_state(self) -> _Climb:
        return _Climb()

    def _update(self, state: _Climb, study: Study) -> list[FrozenTrial]:
        finished = super()._update(state, study)
        state.finished.update(step_of(trial) for trial in finished)
        seen = [step_of(trial)[0] for trial in (*finished, *state.log.running)]
        state.round = max([state.round, *seen])
        return finished

    def _propose(
        self, state: _Climb, study: Study, trial: FrozenTrial, space: Space
    ) -> dict[str, Any]:
        others = [t for t in state.log.running if t.number != trial.number]
        started = state.finished + Counter(step_of(t) for t in others)
        center = state.center()
        if center is not None and started[state.round, center.number] >= self._n_neighbors:
            state.round += 1  # nothing better around here
            center = None
        if center is None or started[state.round, None] < self._n_startup_trials:
            self._tell(study, trial, state.round, None)
            return {}
        self._tell(study, trial, state.round, center.number)
        turn = started[state.round, center.number]
        names = self._one_of(space, center.params)
        if self._groups is not None:
            group = self._groups[turn % len(self._groups)]
            names = [name for name in group if name in center.params] or names
        return self._redraw(study, trial, center.params, space, names)

    def _tell(self, study: Study, trial: FrozenTrial, step: int, center: int | None) -> None:
        set_user_attr(study, trial, STEP_KEY, [step, center, trial.number])


def _are_groups(groups: Any) -> bool:
    """Whether these are non-empty collections of names; text would be names of one letter."""
    collections = [groups, *groups] if isinstance(groups, Collection) else [groups]
    return all(isinstance(c, Collection) and not isinstance(c, str) and c for c in collections)


class _Climb(StudyState):
    """Where the search stands in one study."""

    def __init__(self) -> None:
        super().__init__()
        self.round = 0
        self.finished: Counter[Step] = Counter()

    def center(self) -> FrozenTrial | None:
        """The best of this round."""
        scored = [one for one in self.complete if step_of(one.trial)[0] == self.round]
        return best_of(scored).trial if scored else None


Step = tuple[int, int | None]


def step_of(trial: FrozenTrial) -> Step:
    """Round and centre of a trial; one that does not say is a first point of the first round.

    What a trial has brought along from another study is not believed: its numbers mean others.
    """
    step = trial.user_attrs.get(STEP_KEY)
    if not isinstance(step, list | tuple) or len(step) != 3 or step[2] != trial.number:
        return (0, None)
    return (int(step[0]), None if step[1] is None else int(step[1]))
