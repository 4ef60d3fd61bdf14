"""What a sampler takes from earlier studies: first configurations, and a prior of the values."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from eahas_plugins.models.axes import Axis, filled
from eahas_plugins.optuna._compat import set_user_attr
from eahas_plugins.optuna._trials import PROMOTED_KEY, column_of, may_be_best
from eahas_plugins.optuna.earlier import key_of
from eahas_plugins.transfer.earlier import EarlierStudies
from eahas_plugins.transfer.portfolio import next_member
from eahas_plugins.transfer.prior_mean import PriorMeanProcess
from eahas_plugins.transfer.study import is_number, same
from eahas_plugins.transfer.value_prior import ValuePrior

Floats = NDArray[np.float64]

_log = logging.getLogger(__name__)

MEMBER_ATTR = "earlier_member"
"""Trial attribute: which of the portfolio's configurations a trial began with, from 0."""


class EarlierOfStudy:
    """What earlier studies say to one study.

    Args:
        earlier: All of them; the study itself may be among them and does not count.
        study: The new study.
    """

    def __init__(self, earlier: EarlierStudies, study: Study) -> None:
        self._others = earlier.without(key_of(study))
        self._studies = self._others  # that say something
        self._space: set[str] = set()  # by which unrelated ones have been left out
        self._members: dict[int, int | None] = {}  # by trial
        self._prior: tuple[str, ValuePrior] | None = None

    def first_value(
        self,
        study: Study,
        trial: FrozenTrial,
        place: int,
        name: str,
        distribution: BaseDistribution,
    ) -> tuple[Any] | None:
        """The value of a parameter in a configuration to begin with; None if it has none.

        Args:
            study: The new study.
            trial: The trial, which is told which configuration it has.
            place: Its place among the first trials.
            name: The parameter.
            distribution: Its distribution: numbers are clipped to it.
        """
        if trial.number not in self._members:
            self._members[trial.number] = self._member(study, trial, place)
        member = self._members[trial.number]
        if member is None or name not in self._studies.portfolio()[member]:
            return None
        return fitted_value(self._studies.portfolio()[member][name], distribution)

    def _member(self, study: Study, trial: FrozenTrial, place: int) -> int | None:
        """Which configuration a trial gets; it is told."""
        if not len(self._others):
            return None
        sign = 1.0 if study.direction is StudyDirection.MAXIMIZE else -1.0
        trials = study.get_trials(deepcopy=False)
        self._leave_out_unrelated(trials)
        tried = [
            one
            for one in trials[: trial.number]
            if may_be_best(one) and one.user_attrs.get(PROMOTED_KEY) is None
        ]
        agreement = self._studies.agreement(
            [one.params for one in tried], [sign * one.values[0] for one in tried]
        )
        n_members = sum(MEMBER_ATTR in one.user_attrs for one in trials)
        member = next_member(n_members, place - n_members, agreement)
        if member is None or member >= len(self._studies.portfolio()):
            return None
        set_user_attr(study, trial, MEMBER_ATTR, member)
        if _log.isEnabledFor(logging.INFO):
            self._tell_member(trial.number, member)
        return member

    def _leave_out_unrelated(self, trials: Sequence[FrozenTrial]) -> None:
        """As soon as a trial has told what the parameters are."""
        known = {n: d for t in trials if t.state.is_finished() for n, d in t.distributions.items()}
        if known.keys() - self._space:
            self._space = set(known)
            columns = {name: column_of(distribution) for name, distribution in known.items()}
            self._studies = self._others.related(columns)

    def _tell_member(self, number: int, member: int) -> None:
        """What a trial begins with, and what energy that is expected to need."""
        config = self._studies.portfolio()[member]
        studies = self._studies.studies
        first = next(s.name for s in studies if any(t.config == config for t in s.trials))
        needs = self._studies.relative_kwh([config])
        _log.info(
            "trial %d begins with a configuration of the earlier study %r%s",
            number,
            first,
            ""
            if needs is None
            else f"; there it needs {needs[0]:.2g} of a usual training's energy",
        )

    def prior(self, space: Mapping[str, BaseDistribution]) -> ValuePrior | None:
        """What they say of values in a space; None if there are none.

        Args:
            space: The parameters without the length of a training.
        """
        columns = {name: column_of(distribution) for name, distribution in space.items()}
        if not len(self._studies) or not set(columns) & set(self._studies.parameters):
            return None
        text = repr(columns)
        if self._prior is None or self._prior[0] != text:
            self._prior = (text, self._studies.value_prior(columns))
        return self._prior[1]


class PriorFeature:
    """What earlier studies predict, as one more feature of a model.

    Args:
        prior: What they say.
        axes: The model's parameters.
        has_levels: Whether trainings differ in length; else all count as the longest.
    """

    process = PriorMeanProcess

    def __init__(self, prior: ValuePrior, axes: Mapping[str, Axis], *, has_levels: bool) -> None:
        self._prior = prior
        self._axes = axes
        self._has_levels = has_levels

    def learn(self, positions: Floats, levels: Floats, rewards: Floats) -> None:
        """Weigh the studies by the trials of the new one.

        Args:
            positions: Array of shape (n, n_axes).
            levels: Lengths of the trainings, of shape (n,).
            rewards: Values, larger is better, of shape (n,).
        """
        self._prior.learn(self._columns(positions), self._own(levels), rewards)

    def __call__(self, positions: Floats, levels: Floats) -> Floats:
        """Array of shape (n, 1)."""
        return self._prior.predict(self._columns(positions), self._own(levels))[:, None]

    def _own(self, levels: Floats) -> Floats:
        return levels if self._has_levels else np.ones(len(levels))

    def _columns(self, positions: Floats) -> dict[str, Floats]:
        known = filled(positions)
        return {name: a.internal(known[:, i]) for i, (name, a) in enumerate(self._axes.items())}


def fitted_value(value: Any, distribution: BaseDistribution) -> tuple[Any] | None:
    """The nearest value that a parameter may have; None if nothing is near."""
    if isinstance(distribution, CategoricalDistribution):
        return next(((c,) for c in distribution.choices if same(c, value)), None)
    if not is_number(value) or not isinstance(distribution, FloatDistribution | IntDistribution):
        return None
    inside = min(distribution.high, max(distribution.low, value))
    if distribution.step is not None:
        steps = round((inside - distribution.low) / distribution.step)
        inside = min(distribution.high, distribution.low + steps * distribution.step)
    return (round(inside) if isinstance(distribution, IntDistribution) else float(inside),)
