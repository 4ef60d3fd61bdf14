"""The trials of a study without reading each one more than once, and views of some of them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Container, Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.budget.attributes import (
    ENERGY_ATTR,
    PAID_ATTR,
    RESERVED_ATTR,
    SAVED_ATTR,
    known_kwh,
)
from eahas_plugins.models.kwh import Choice, Column, Number
from eahas_plugins.models.length import is_number
from eahas_plugins.optuna._compat import constraints_of, share_read_trials, study_behind

PROMOTED_KEY = "promoted_from"


def energy_of(trial: FrozenTrial) -> float | None:
    """Energy that a trial has spent so far, kWh; None if it has not reported any (0 is none)."""
    return known_kwh(trial.user_attrs.get(ENERGY_ATTR)) or None


def spent_kwh(trial: FrozenTrial) -> float:
    """What is known to be spent on a trial, kWh, for sums over trials."""
    return energy_of(trial) or 0.0


def training_kwh(trial: FrozenTrial) -> float | None:
    """Energy of a trial's training so far, kWh, with what earlier trials have paid of it.

    None if it has not reported any. A model of the energy learns this; sums are of `spent_kwh`.
    """
    energy_kwh = energy_of(trial)
    return energy_kwh and energy_kwh + (known_kwh(trial.user_attrs.get(PAID_ATTR)) or 0.0)


def promotion_kwh(trial: FrozenTrial, factor: float) -> float:
    """What it costs to train a trial's configuration longer, kWh.

    Args:
        trial: The trial.
        factor: How many times the energy of its training the longer one needs. What its checkpoint
            has paid is not paid again.
    """
    saved_kwh = known_kwh(trial.user_attrs.get(SAVED_ATTR)) or 0.0
    return max(0.0, (training_kwh(trial) or 0.0) * factor - saved_kwh)


def planned_kwh(trial: FrozenTrial) -> float | None:
    """Energy the whole trial is expected to need, kWh, if it has said so."""
    return known_kwh(trial.user_attrs.get(RESERVED_ATTR)) or None


def violation(trial: FrozenTrial) -> float:
    """How far a trial is from feasible: the sum of its positive constraints, 0 if it is.

    A constraint that is NaN is broken beyond measure.
    """
    return sum(
        (math.inf if math.isnan(c) else max(0.0, c) for c in constraints_of(trial)), start=0.0
    )


def is_feasible(trial: FrozenTrial) -> bool:
    """Whether a trial meets all its constraints, as Optuna counts them (at most 0)."""
    return violation(trial) == 0.0


def may_be_best(trial: FrozenTrial) -> bool:
    """Whether a trial may be the best: it is complete and feasible, and its values are finite."""
    return (
        trial.state is TrialState.COMPLETE
        and bool(trial.values)
        and all(map(math.isfinite, trial.values))
        and is_feasible(trial)
    )


def last_step(trial: FrozenTrial) -> int:
    """The last reported step; 0 before the first."""
    return max(trial.intermediate_values, default=0)


def contains(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a parameter with this distribution may have this value."""
    try:
        internal = distribution.to_internal_repr(value)
    except (TypeError, ValueError):
        return False
    if isinstance(distribution, CategoricalDistribution):
        return True
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        return False
    if not distribution.low <= internal <= distribution.high:
        return False
    if distribution.step is None:
        return True
    steps = (internal - distribution.low) / distribution.step
    return abs(steps - round(steps)) < 1e-8  # as Optuna allows for rounding


def check_one_objective(study: Study, owner: str) -> None:
    """Check that a study has one objective.

    Args:
        study: The study.
        owner: Who asks, for the message.

    Raises:
        ValueError: If it has several; the message says what to use instead.
    """
    if len(study.directions) > 1:
        raise ValueError(
            f"{owner} ranks trials by one objective but the study has {len(study.directions)}: "
            "use ea_bohb, which searches up to three, EnergyTPESampler or Optuna's NSGAIISampler; "
            "EnergyBudget and the energy figures work with several objectives."
        )


def ended_at(trial: FrozenTrial) -> tuple[float, int]:
    """Sorts finished trials by when they ended; running ones come last."""
    end = trial.datetime_complete
    return (math.inf if end is None else end.timestamp(), trial.number)


def column_of(distribution: BaseDistribution) -> Column:
    """How the kWh model sees a distribution. Positions and values are Optuna's internal ones.

    Raises:
        TypeError: If the distribution is not one of Optuna's.
    """
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
        trials = study_behind(study).get_trials(deepcopy=False)  # a trial's number is its position
        pending = [*self._unfinished, *range(self._n_seen, len(trials))]
        self._unfinished = [n for n in pending if not trials[n].state.is_finished()]
        self._n_seen = len(trials)
        shows = study.shows if isinstance(study, StudyView) else None
        shown = [trials[n] for n in pending if shows is None or shows(trials[n])]
        self.running = [t for t in shown if t.state is TrialState.RUNNING]
        return [t for t in shown if t.state.is_finished()]


class StudyView(Study):
    """A study that shows only some of its trials, for a sampler to learn from.

    Optuna's samplers read trials through ``Study._get_trials``, and so does ``get_trials``.
    """

    whole_study: Study
    shows: Callable[[FrozenTrial], bool]

    @classmethod
    def of(cls, study: Study, shows: Callable[[FrozenTrial], bool]) -> Study:
        """A view of the trials of the whole study for which ``shows`` is true."""
        study = study_behind(study)
        view = copy.copy(study)
        view.__class__ = cls
        share_read_trials(view, study)
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


AUTO = "auto"
USUAL_LENGTHS = (
    *("max_epoch", "max_epochs", "epoch", "epochs", "n_epoch", "n_epochs", "num_epoch"),
    *("num_epochs", "num_train_epochs", "train_epochs", "max_step", "max_steps", "n_steps"),
    *("num_steps", "train_steps", "training_steps", "max_iter", "n_iter", "num_iterations"),
    *("n_iterations", "iterations", "n_estimators", "num_boost_round", "n_rounds", "num_rounds"),
)
"""Names that parameters have which say how long a training is."""


def has_usual_name(name: str) -> bool:
    """Whether a parameter of this name may say how long a training is."""
    return name.lower() in USUAL_LENGTHS


def usual_lengths(distributions: Mapping[str, BaseDistribution]) -> list[str]:
    """Parameters that say by their name and values how long a training is."""
    return [
        name
        for name, distribution in distributions.items()
        if has_usual_name(name) and not distribution.single() and _is_positive(distribution)
    ]


def _is_positive(distribution: BaseDistribution) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return all(is_number(c) and c > 0 for c in distribution.choices)
    return isinstance(distribution, IntDistribution | FloatDistribution) and distribution.low > 0
