"""The decisions of energy-aware search as arithmetic: numbers in, numbers out, no host framework.

Energies are kWh, arrays are float64. Every function is pure: the same in Optuna, SMAC and
HpBandSter.

References:
    Dou et al. (2023), EA-HAS-Bench, section 5 (reward).
    Li et al. (2018), Hyperband, Algorithm 1 (brackets).
    Lee et al. (2020), Cost-aware Bayesian optimization (cooling).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

PAPER_EXPONENT = -0.07
"""Exponent of the energy in the paper's reward."""

SHORT_UNTIL = 0.35
"""Part of the budget after which EA-BOHB gives new configurations the longest schedule."""

SHORT_PER_LONG = 4
"""Short trainings at the start of EA-BOHB for every one with the longest schedule."""

_LOG_SLACK = 1e-9  # so that 1..243 with factor 3 has six rungs, not five


def reward(
    value: ArrayLike,
    energy_kwh: ArrayLike,
    *,
    reference_kwh: float,
    exponent: float = PAPER_EXPONENT,
    maximize: bool = True,
) -> Floats:
    """The paper's reward: ``value * (energy_kwh / reference_kwh) ** exponent``.

    More energy never raises it: values that are negative or minimised get the inverse factor.

    Args:
        value: Objective values, any shape.
        energy_kwh: Energy each one took, kWh. Where it is unknown (NaN or not positive) the
            value is returned as it is.
        reference_kwh: Energy at which reward and value agree, kWh. Positive.
        exponent: At most 0; 0 returns the values bit for bit.
        maximize: Whether a larger value is better.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """
    if not reference_kwh > 0.0:
        raise ValueError(f"reference_kwh must be positive but got {reference_kwh}.")
    if not exponent <= 0.0:
        raise ValueError(f"exponent must be at most 0 but got {exponent}.")
    values = np.asarray(value, dtype=np.float64)
    if exponent == 0.0:
        return values.copy()
    energies = np.asarray(energy_kwh, dtype=np.float64)
    known = energies > 0.0
    factor = np.where(known, np.where(known, energies, 1.0) / reference_kwh, 1.0) ** exponent
    better = values >= 0.0 if maximize else values < 0.0
    with np.errstate(over="ignore"):  # a reward beyond all numbers is infinite
        return np.where(better, values * factor, values / factor)


def cooling(spent_kwh: float, budget_kwh: float | None) -> float:
    """Alpha, the weight of energy in the acquisition: 1 at the start, 0 when all is spent.

    Without a budget nothing cools: alpha stays 1.

    Raises:
        ValueError: If ``budget_kwh`` is not positive (NaN included).

    References:
        Lee et al. (2020), Cost-aware Bayesian optimization, EI-cool.
    """
    if budget_kwh is None:
        return 1.0
    if not budget_kwh > 0.0:
        raise ValueError(f"budget_kwh must be positive but got {budget_kwh}.")
    return min(1.0, max(0.0, 1.0 - spent_kwh / budget_kwh))


def cooled(log_acquisition: ArrayLike, log_kwh: ArrayLike, *, alpha: float) -> Floats:
    """Log acquisition minus ``alpha`` times log energy; ``alpha = 0`` returns it bit for bit.

    Args:
        log_acquisition: Log of a positive acquisition, larger is better, shape (n,).
        log_kwh: Natural log of the predicted energies, shape (n,).
        alpha: Weight of the energy, not negative.

    Raises:
        ValueError: If ``alpha`` is negative or NaN.
    """
    if not alpha >= 0.0:
        raise ValueError(f"alpha must not be negative but got {alpha}.")
    acquisition = np.asarray(log_acquisition, dtype=np.float64)
    if alpha == 0.0:
        return acquisition.copy()
    return acquisition - alpha * np.asarray(log_kwh, dtype=np.float64)


def n_rungs(lowest: float, highest: float, reduction_factor: float) -> int:
    """How many of ``lowest * reduction_factor ** k`` do not exceed ``highest``.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """
    _check_range(lowest, highest, reduction_factor)
    return math.floor(math.log(highest / lowest) / math.log(reduction_factor) + _LOG_SLACK) + 1


def rungs(lowest: float, highest: float, reduction_factor: float) -> tuple[float, ...]:
    """The resources ``lowest * reduction_factor ** k`` up to ``highest``, in kWh or any unit.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """
    count = n_rungs(lowest, highest, reduction_factor)
    return tuple(min(highest, lowest * reduction_factor**k) for k in range(count))


def rung_reached(energy_kwh: float, levels: Sequence[float]) -> int:
    """Index of the highest rung reached; -1 below the first and for NaN."""
    return sum(energy_kwh >= level * (1.0 - _LOG_SLACK) for level in levels) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One bracket of Hyperband.

    Args:
        resources: Resource of each rung, rising.
        counts: Configurations that enter each rung, falling.
    """

    resources: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def cost(self) -> float:
        """Resource spent when every configuration resumes where it stopped."""
        steps = np.diff(self.resources, prepend=0.0)
        return float(np.dot(self.counts, steps))


def brackets(lowest: float, highest: float, reduction_factor: float) -> tuple[Bracket, ...]:
    """All brackets of Hyperband, the one with most early stopping first.

    Args:
        lowest: Resource of the lowest rung. Positive.
        highest: Resource that no trial exceeds. At least ``lowest``.
        reduction_factor: One in this many is promoted. Larger than 1.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """
    levels = rungs(lowest, highest, reduction_factor)
    found = []
    for first in range(len(levels)):
        height = len(levels) - first  # rungs in this bracket
        start = math.ceil(len(levels) / height * reduction_factor ** (height - 1) - _LOG_SLACK)
        counts = tuple(
            max(1, math.floor(start * reduction_factor**-k + _LOG_SLACK)) for k in range(height)
        )
        found.append(Bracket(resources=levels[first:], counts=counts))
    return tuple(found)


def promotion_due(promoted_kwh: float, spent_kwh: float, *, promotion_share: float) -> bool:
    """Whether longer schedules have had less than their share of the energy.

    Args:
        promoted_kwh: Energy that promotions have used, kWh.
        spent_kwh: Energy that all trials have used, kWh.
        promotion_share: Part of the energy that promotions should have, in [0, 1].

    Raises:
        ValueError: If ``promotion_share`` is out of range (NaN included).
    """
    if not 0.0 <= promotion_share <= 1.0:
        raise ValueError(f"promotion_share must be between 0 and 1 but got {promotion_share}.")
    return promoted_kwh < promotion_share * spent_kwh


def early_promotion_due(n_short: int, n_longest: int, *, promotion_share: float) -> bool:
    """Whether, at the start, the best short training so far gets the longest schedule.

    One in every five trainings does, so that there is something good to show early; energies are
    too few then to go by.

    Args:
        n_short: Trainings with shorter schedules so far.
        n_longest: Trainings with the longest schedule, running ones too.
        promotion_share: Part of the energy that promotions should have; with 0 there are none.
    """
    return promotion_share > 0.0 and n_short >= SHORT_PER_LONG * (n_longest + 1)


def short_is_worth_it(*, cost: float, agreement: float) -> bool:
    """Whether a short training, at this part of a long one's energy, costs half what it tells."""
    return cost <= 0.5 * agreement


def which_goes_on(gains: ArrayLike, new_gain: float) -> int | None:
    """Which paused training goes on to the end; None if a new configuration is worth more.

    Args:
        gains: What each is expected to gain per kWh until its final value is known, shape (n,).
        new_gain: The same of the best new configuration.
    """
    values = np.asarray(gains, dtype=np.float64)
    values = np.where(np.isnan(values), -np.inf, values)
    if not len(values) or not values.max() > new_gain:
        return None
    return int(np.argmax(values))


def short_phase_ended(unspent: float, *, short_until: float) -> bool:
    """Whether new configurations get the longest schedule at once.

    Args:
        unspent: Part of the budget that is left, 1 without a budget: what `cooling` returns.
        short_until: Part of the budget after which short schedules have told what they can.
    """
    return 1.0 - unspent > short_until


def best_and_latest(scores: ArrayLike, *, n: int) -> list[int]:
    """Positions of the ``n`` trials that a model learns from: half the best, half the latest.

    Args:
        scores: Array of shape (n_trials,), oldest first; larger is better.
        n: How many at most. At least 2.

    Returns:
        All positions in order if there are no more than ``n``; else those of the best, best first,
        and then the latest in order.
    """
    values = np.asarray(scores, dtype=np.float64)
    if len(values) <= n:
        return list(range(len(values)))
    n_latest = n // 2
    best = np.argsort(-values[:-n_latest], kind="stable")[: n - n_latest]
    return [*best.tolist(), *range(len(values) - n_latest, len(values))]


def promotion_candidates(scores: ArrayLike, eligible: ArrayLike, *, top: int) -> list[int]:
    """Positions of the ``top`` best eligible configurations, best first.

    Args:
        scores: Array of shape (n,), larger is better; NaN is never chosen.
        eligible: Booleans of shape (n,): finished and not promoted yet.
        top: How many at most. At least 1.

    Raises:
        ValueError: If ``top`` is out of range.
    """
    if not top >= 1:
        raise ValueError(f"top must be at least 1 but got {top}.")
    values = np.asarray(scores, dtype=np.float64)
    allowed = np.flatnonzero(np.asarray(eligible, dtype=bool) & ~np.isnan(values))
    order = np.argsort(-values[allowed], kind="stable")  # ties: the older one first
    return [int(i) for i in allowed[order][:top]]


def next_schedule(current: Any, schedules: Sequence[Any], *, skip_to_last: bool = False) -> Any:
    """The schedule that follows ``current``; None after the last.

    Args:
        current: One of ``schedules``.
        schedules: All complete schedules, shortest first.
        skip_to_last: Go to the longest one at once.

    Raises:
        ValueError: If ``current`` is not one of ``schedules``.
    """
    position = list(schedules).index(current)
    if position == len(schedules) - 1:
        return None
    return schedules[-1] if skip_to_last else schedules[position + 1]


def _check_range(lowest: float, highest: float, reduction_factor: float) -> None:
    if not lowest > 0.0:
        raise ValueError(f"the lowest rung must be positive but got {lowest}.")
    if not lowest <= highest < math.inf:
        raise ValueError(
            f"the highest rung must be finite and at least {lowest} but got {highest}."
        )
    if not reduction_factor > 1.0:
        raise ValueError(f"reduction_factor must be larger than 1 but got {reduction_factor}.")
