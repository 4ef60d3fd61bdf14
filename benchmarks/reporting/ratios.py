"""How much of a plain method's energy another one needs, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting.resampling import MANY, seeds_drawn, tasks_drawn
from benchmarks.reporting.traces import Floats, MethodTraces, middle_target, reached_by

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Energy of a method over that of a plain one, to where the plain one's median study ends.

    Infinite where the method's median study never gets there. All that is known then is that
    studies which never do need more than their whole budget: the second pair of numbers has that in
    place of infinity.

    Args:
        value: The ratio of the medians.
        resampled: Array of shape (n_resamples,): the same for bootstrap resamples of the seeds.
        bound: The ratio, or what it is larger than.
        bound_resampled: Array of shape (n_resamples,): the same for the resamples.
    """

    value: float
    resampled: Floats
    bound: float
    bound_resampled: Floats

    @property
    def is_known(self) -> bool:
        """Whether the method that is measured on gets there itself."""
        return self.bound > 0.0

    @property
    def interval(self) -> Interval:
        """The bootstrap 95 % interval; the ratio is in it."""
        return _interval(self.resampled, self.value)

    @property
    def bound_interval(self) -> Interval:
        """That of the bound, which is in it: an interval of the one kind says nothing of the other.

        Where a resample never gets there its ratio is infinite, above all others, but its bound is
        the whole budget's ratio, which may be below all others.
        """
        return _interval(self.bound_resampled, self.bound)

    def to_json(self) -> dict[str, Any]:
        """With None for never, and beside it what the number is at least."""
        found: dict[str, Any] = {
            name: value if np.isfinite(value) else None
            for name, value in zip(_NAMES, (self.value, *self.interval), strict=True)
        }
        bounds = (self.bound, *self.bound_interval)
        return found | {"at_least": dict(zip(_NAMES, bounds, strict=True))}


_NAMES = ("ratio", "low_95", "high_95")


def energy_ratio(
    method: MethodTraces,
    plain: MethodTraces,
    *,
    budget_kwh: float,
    goal: MethodTraces | None = None,
    over_kwh: float | None = None,
) -> Ratio:
    """Median kWh to where the plain method's median study ends, over the plain method's own.

    The target is :func:`~benchmarks.reporting.traces.middle_target`, the medians are those of
    :func:`~benchmarks.reporting.traces.reached_by`: of an even number of studies the mean of the
    two in the middle, and never where the second of them never gets there. The plain method itself
    has a number, as its target is one that more than half of its studies reach. Where there is
    none, the bound counts each study that never gets there with all that it might spend.

    Seeds are resampled, the same for all methods that have the same, and each resample has its own
    target.

    Args:
        method: The studies of one method.
        plain: Those of the method that it is measured on.
        budget_kwh: What each study might spend, kWh.
        goal: The studies whose final scores give the target; by default ``plain``.
        over_kwh: What to divide by in place of the plain method's own, kWh.

    References:
        Efron and Tibshirani (1993), An introduction to the bootstrap, section 13.3: the percentile
        interval.
    """
    goal = plain if goal is None else goal
    drawn = (_seeds_drawn(method), _seeds_drawn(plain))
    target = np.array([goal.target])
    every = (np.arange(len(method.traces))[None], np.arange(len(plain.traces))[None])
    (value,), (bound,) = _ratios(method, plain, *every, target, budget_kwh, over_kwh)
    targets = middle_target(goal.finals[_seeds_drawn(goal)])
    resampled, bound_resampled = _ratios(method, plain, *drawn, targets, budget_kwh, over_kwh)
    return Ratio(
        value=float(value), resampled=resampled, bound=float(bound), bound_resampled=bound_resampled
    )


def geometric_mean(ratios: Sequence[Ratio], *, are_sample: bool | None = None) -> Ratio:
    """The geometric mean over tasks, which have had the same seeds resampled.

    Args:
        ratios: That of each task.
        are_sample: Whether the tasks stand for others and are resampled as well; by default where
            they are :data:`MANY`.
    """
    many = len(ratios) >= MANY if are_sample is None else are_sample
    tasks = tasks_drawn(len(ratios), are_sample=many)

    def over(resampled: Sequence[Floats]) -> Floats:
        drawn = np.take_along_axis(np.stack(resampled, axis=1), tasks, axis=1)
        return np.asarray(np.exp(np.mean(np.log(drawn), axis=1)))

    return Ratio(
        value=float(np.exp(np.mean(np.log([ratio.value for ratio in ratios])))),
        resampled=over([ratio.resampled for ratio in ratios]),
        bound=float(np.exp(np.mean(np.log([ratio.bound for ratio in ratios])))),
        bound_resampled=over([ratio.bound_resampled for ratio in ratios]),
    )


def _ratios(
    method: MethodTraces,
    plain: MethodTraces,
    draws: NDArray[np.int64],
    draws_plain: NDArray[np.int64],
    targets: Floats,
    budget_kwh: float,
    over_kwh: float | None,
) -> tuple[Floats, Floats]:
    energies = method.kwh_to(targets)
    ours = _medians(energies, draws)
    bounds = _medians(np.where(np.isfinite(energies), energies, method.limits(budget_kwh)), draws)
    theirs = np.full(len(targets), over_kwh, dtype=np.float64)
    if over_kwh is None:
        theirs = _medians(plain.kwh_to(targets), draws_plain)  # finite where it is its own target
    with np.errstate(invalid="ignore"):
        return ours / theirs, bounds / theirs


def _seeds_drawn(method: MethodTraces) -> NDArray[np.int64]:
    return seeds_drawn(trace.seed for trace in method.traces)


def _medians(energies: Floats, draws: NDArray[np.int64]) -> Floats:
    return reached_by(np.take_along_axis(energies, draws, axis=1), 0.5)


def _interval(resampled: Floats, seen: float) -> Interval:
    """The percentiles; medians jump, so what was seen may lie outside them, and then is an end."""
    low, high = (float(reached_by(resampled, q)) for q in (0.025, 0.975))
    return min(low, seen), max(high, seen)
