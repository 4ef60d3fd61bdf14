"""How much of a plain method's energy another one needs, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.seeds import derive_seed
from benchmarks.reporting.traces import Floats, MethodTraces, reached_by

N_RESAMPLES = 2000
Interval = tuple[float, float]
MANY = 8
"""From so many tasks on they are a sample themselves, and intervals are over tasks too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Energy of a method over that of a plain one, to the plain one's final median accuracy.

    Infinite where the method never gets there. All that is known then is that it needs more than
    its whole budget: the second pair of numbers has that in place of infinity.

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
    """Median kWh to the plain method's final median accuracy, over the plain method's own.

    Seeds are resampled, the same for all methods that have the same, and each resample has its own
    target.

    Args:
        method: The studies of one method.
        plain: Those of the method that it is measured on.
        budget_kwh: What each study might spend, kWh.
        goal: The studies whose final median is the target; by default ``plain``.
        over_kwh: What to divide by in place of the plain method's own, kWh.

    References:
        Efron and Tibshirani (1993), An introduction to the bootstrap, section 13.3: the percentile
        interval.
    """
    rng = np.random.default_rng(derive_seed("bootstrap", method.name, plain.name))
    n_plain, n_method = len(plain.traces), len(method.traces)
    draws_plain = rng.integers(n_plain, size=(N_RESAMPLES, n_plain))
    draws = draws_plain
    if not _paired(plain, method):
        draws = rng.integers(n_method, size=(N_RESAMPLES, n_method))
    finals, draws_goal = (plain if goal is None else goal).finals, draws_plain
    if goal is not None and not _paired(plain, goal):
        draws_goal = rng.integers(len(finals), size=(N_RESAMPLES, len(finals)))
    target = np.array([np.median(finals)])
    every = (np.arange(n_method)[None], np.arange(n_plain)[None])
    (value,), (bound,) = _ratios(method, plain, *every, target, budget_kwh, over_kwh)
    targets = np.median(finals[draws_goal], axis=1)
    resampled, bound_resampled = _ratios(
        method, plain, draws, draws_plain, targets, budget_kwh, over_kwh
    )
    return Ratio(
        value=float(value), resampled=resampled, bound=float(bound), bound_resampled=bound_resampled
    )


def tasks_drawn(n_tasks: int, *, are_sample: bool) -> NDArray[np.int64]:
    """Which tasks each resample has, shape (n_resamples, n_tasks): all, or a sample of a sample.

    The same for all that is told of them.
    """
    tasks = np.broadcast_to(np.arange(n_tasks), (N_RESAMPLES, n_tasks))
    if are_sample:
        rng = np.random.default_rng(derive_seed("bootstrap", "tasks"))
        tasks = rng.integers(n_tasks, size=tasks.shape)
    return tasks


def geometric_mean(ratios: Sequence[Ratio], *, are_sample: bool | None = None) -> Ratio:
    """The geometric mean over tasks; their seeds are resampled independently.

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
    ours = _medians(method, targets, draws)
    theirs = np.full(len(targets), over_kwh, dtype=np.float64)
    if over_kwh is None:
        theirs = _medians(plain, targets, draws_plain)  # finite where it is its own median
    with np.errstate(invalid="ignore"):
        return ours / theirs, np.where(np.isfinite(ours), ours, budget_kwh) / theirs


def _paired(a: MethodTraces, b: MethodTraces) -> bool:
    return [t.seed for t in a.traces] == [t.seed for t in b.traces]


def _medians(method: MethodTraces, targets: Floats, draws: NDArray[np.int64]) -> Floats:
    energies = np.stack([trace.kwh_to(targets) for trace in method.traces], axis=1)
    return reached_by(np.take_along_axis(energies, draws, axis=1), 0.5)


def _interval(resampled: Floats, seen: float) -> Interval:
    """The percentiles; medians jump, so what was seen may lie outside them, and then is an end."""
    low, high = (float(reached_by(resampled, q)) for q in (0.025, 0.975))
    return min(low, seen), max(high, seen)
