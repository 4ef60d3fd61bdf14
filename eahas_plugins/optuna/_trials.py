"""The trials of a study without reading each one more than once, and views of some of them."""

from __future__ import annotations

import copy
import math
import weakref
from collections.abc import Callable, Container, Hashable

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.budget.attributes import ENERGY_ATTR
from eahas_plugins.models.kwh import Choice, Column, Number

PROMOTED_KEY = "promoted_from"


def whole(study: Study) -> Study:
    """The study behind a view of some of its trials, ours or the one of Optuna's Hyperband."""
    while inner := getattr(study, "whole_study", None) or getattr(study, "_study", None):
        study = inner
    return study


def study_key(study: Study) -> Hashable:
    """What two objects of the same study in one process agree in.

    Study has no public identity that costs no read (checked with Optuna 4.5 and 5.0). The storage
    is held weakly: its ``id`` could be that of a later one.
    """
    return (weakref.ref(study._storage), study._study_id)


def energy_of(trial: FrozenTrial) -> float:
    """Energy that a trial has spent so far, kWh; 0 where it has not told."""
    energy = trial.user_attrs.get(ENERGY_ATTR)
    if not isinstance(energy, int | float) or not 0.0 <= energy < math.inf:
        return 0.0
    return float(energy)


def last_step(trial: FrozenTrial) -> int:
    """The last reported step; 0 before the first."""
    return max(trial.intermediate_values, default=0)


def column_of(distribution: BaseDistribution) -> Column:
    """How the kWh model sees a distribution. Positions and values are Optuna's internal ones."""
    if isinstance(distribution, CategoricalDistribution):
        return Choice(values=tuple(distribution.choices))
    if isinstance(distribution, IntDistribution | FloatDistribution):
        return Number(low=distribution.low, high=distribution.high, log=distribution.log)
    raise TypeError(f"distribution must be one of Optuna's but got {distribution!r}.")


class TrialLog:
    """Reads a study's trials; each finished one is handed out once, in order of its number."""

    def __init__(self) -> None:
        self._n_seen = 0
        self._unfinished: list[int] = []
        self.running: list[FrozenTrial] = []

    def update(self, study: Study) -> list[FrozenTrial]:
        """Trials finished since the last call; ``running`` is refreshed.

        Of a view, only trials that it shows.
        """
        trials = whole(study).get_trials(deepcopy=False)  # a trial's number is its position
        pending = [*self._unfinished, *range(self._n_seen, len(trials))]
        self._unfinished = [n for n in pending if not trials[n].state.is_finished()]
        self._n_seen = len(trials)
        shows = study.shows if isinstance(study, StudyView) else None
        shown = [trials[n] for n in pending if shows is None or shows(trials[n])]
        self.running = [t for t in shown if t.state is TrialState.RUNNING]
        return [t for t in shown if t.state.is_finished()]


class StudyView(Study):
    """A study that shows only some of its trials, for a sampler to learn from.

    Optuna's samplers read trials through ``Study._get_trials``, for which there is no public
    replacement (checked with Optuna 4.5 and 5.0); ``get_trials`` goes through it as well.
    """

    whole_study: Study
    shows: Callable[[FrozenTrial], bool]

    @classmethod
    def of(cls, study: Study, shows: Callable[[FrozenTrial], bool]) -> Study:
        """A view of the trials of the whole study for which ``shows`` is true."""
        study = whole(study)
        view = copy.copy(study)
        view.__class__ = cls
        view._thread_local = study._thread_local  # trials read once stay read
        view.whole_study = study  # type: ignore[attr-defined]
        view.shows = shows  # type: ignore[attr-defined]
        return view

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = super()._get_trials(deepcopy=False, states=states, use_cache=use_cache)
        shown = [trial for trial in trials if self.shows(trial)]
        return copy.deepcopy(shown) if deepcopy else shown

    def stop(self) -> None:
        """Stop the optimisation of the whole study."""
        self.whole_study.stop()
