"""Which parameter is the length of a training, and which of its values are the schedules."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from eahas_plugins import policy
from eahas_plugins.arguments import (
    check_counts,
    check_flags,
    check_names,
    check_not_negative,
    check_shares,
)
from eahas_plugins.models.axes import first_of_equals
from eahas_plugins.models.length import is_number
from eahas_plugins.optuna._trials import AUTO, contains, has_usual_name, usual_lengths

_log = logging.getLogger(__name__)


def schedules_of(
    distribution: BaseDistribution, given: Sequence[Any] | None = None, *, name: str = "parameter"
) -> tuple[Any, ...]:
    """The schedules in a parameter's distribution, shortest first.

    Args:
        distribution: The parameter's distribution in the trial at hand.
        given: What the user says; by default all choices that differ (numbers sorted, anything
            else in the order of the choices) and the two ends of a numeric range.
        name: Name of the parameter, for the message.

    Raises:
        ValueError: If the parameter does not have a given schedule.
        TypeError: If the distribution is not one of Optuna's.
    """
    if given is not None:
        missing = [schedule for schedule in given if not contains(distribution, schedule)]
        if missing:
            raise ValueError(
                f"schedules must be values of {name!r}, {distribution}, but it does not have "
                f"{missing!r} of {tuple(given)!r}: give values it has, or leave schedules out."
            )
        return tuple(given)
    if isinstance(distribution, CategoricalDistribution):
        choices = [distribution.choices[i] for i in first_of_equals(distribution.choices)]
        return tuple(sorted(choices)) if all(map(is_number, choices)) else tuple(choices)
    if isinstance(distribution, IntDistribution | FloatDistribution):
        low, high = distribution.low, distribution.high
        return (low, high) if high > low else (low,)
    raise TypeError(f"distribution must be one of Optuna's but got {distribution!r}.")


def check_schedules(schedules: Sequence[Any] | None, *, promotion_share: float) -> None:
    """Check the arguments that say which schedules there are and how much longer ones get.

    Raises:
        ValueError: Unless there are two schedules that rise (or None), and the share is in [0, 1].
    """
    check_shares(promotion_share=promotion_share)
    if schedules is None:
        return
    is_list = isinstance(schedules, Sequence | np.ndarray) and not isinstance(schedules, str)
    if not is_list or len(schedules) < 2:
        raise ValueError(f"schedules must be a list of at least two values but got {schedules!r}.")
    if all(map(is_number, schedules)) and not all(a < b for a, b in pairwise(schedules)):
        raise ValueError(f"schedules must rise, shortest first, but got {tuple(schedules)!r}.")
    if any(schedule in schedules[:i] for i, schedule in enumerate(schedules)):
        raise ValueError(f"schedules must differ but got {tuple(schedules)!r}.")


def check_search(*, short_until: float, cooling: float, centred_start: bool, **counts: int) -> None:
    """Check the other arguments of a search over schedules.

    Args:
        short_until: Part of the budget after which new configurations get the longest schedule.
        cooling: Weight of energy while nothing is spent.
        centred_start: Whether the first trials are denser in the middle.
        **counts: Numbers of trials and candidates, by name.

    Raises:
        ValueError: If one is out of range (NaN included).
    """
    check_shares(short_until=short_until)
    check_not_negative(cooling=cooling)
    check_flags(centred_start=centred_start)
    check_counts(2, **counts)


def schedule_after(current: Any, schedules: Sequence[Any], *, skip_to_last: bool) -> Any:
    """The schedule that follows ``current``; None after the last, or if nobody can tell.

    A number that is not among them (ranges may change when a study is resumed) is followed by the
    larger ones.
    """
    if any(current == schedule for schedule in schedules):
        return policy.next_schedule(current, schedules, skip_to_last=skip_to_last)
    if not is_number(current) or not all(map(is_number, schedules)):
        return None
    larger = [schedule for schedule in schedules if schedule > current]
    return larger[-1 if skip_to_last else 0] if larger else None


def config_key(
    params: Mapping[str, Any],
    distributions: Mapping[str, BaseDistribution],
    fidelity_param: str | None,
) -> Hashable:
    """The configuration without its schedule, as a key: choices may be lists and dicts."""
    return tuple(
        sorted(
            (name, distributions[name].to_internal_repr(value))
            for name, value in params.items()
            if name != fidelity_param
        )
    )


class FidelityName:
    """Which parameter of one study is the length of a training.

    Args:
        asked: Its name, ``"auto"`` for the only parameter with a usual name, or None for none.
        owner: Who asks, for the messages.

    Raises:
        ValueError: If it is no name.
    """

    def __init__(self, asked: str | None, *, owner: str) -> None:
        if asked is not None:
            check_names(fidelity_param=asked)
        self._asked = asked
        self._owner = owner
        self._warned = False
        self._seen = False
        self.name = None if asked == AUTO else asked
        """The parameter, once it is known."""

    def may_be(self, name: str, distribution: BaseDistribution) -> bool:
        """Whether a parameter that is being asked for is the one."""
        if self.name is None and self._asked == AUTO:
            return bool(usual_lengths({name: distribution}))
        return name == self.name

    def see(self, distributions: Mapping[str, BaseDistribution]) -> None:
        """Look at the parameters of a finished trial; say once if it is not there."""
        if self._asked is None or self._seen or not distributions:
            return
        names = ", ".join(distributions)
        if self.name is not None:
            self._seen = self.name in distributions
            if not self._seen:
                self._warn(
                    f"fidelity_param={self.name!r} is no parameter of the study so far, which has "
                    f"{names}: all trainings count as equally long until a trial has it"
                )
            return
        found = usual_lengths(distributions)
        if len(found) == 1:
            self.name, self._seen = found[0], True
            _log.info("%s: the length of a training is %r", self._owner, self.name)
        elif found:
            self._warn(
                f"{' and '.join(found)} may both be the length of a training: this is plain "
                f"Bayesian optimisation until you say which, fidelity_param={found[0]!r}"
            )
        else:
            usual = [name for name in distributions if has_usual_name(name)]
            what = f"no parameter has a usual name of the length of a training; there are {names}"
            if usual:
                what = (
                    f"{usual[-1]!r} has a usual name of the length of a training but no two "
                    f"positive numbers to choose from, it is {distributions[usual[-1]]}"
                )
            self._warn(
                f"{what}: this is plain Bayesian optimisation. Name it (fidelity_param=), or say "
                "fidelity_param=None if there is none"
            )

    def _warn(self, message: str) -> None:
        if not self._warned:
            _log.warning("%s: %s.", self._owner, message)
        self._warned = True
