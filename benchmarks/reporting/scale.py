"""How the values of a task are shown: in which unit, and what a difference of them is called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.harness.results import Results
from benchmarks.reporting.traces import reference_score, sign_of
from eahas_plugins.targets.metric import ACCURACY

FLOOR = 1e-4
"""Smallest regret of an accuracy drawn: a hundredth of a percentage point."""
_FLOOR_SHARE = 1e-3
"""Of another metric: a part of the median trial's regret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How one task's test values are shown.

    Args:
        metric: What they are.
        sign: What makes a larger value the better one.
        factor: What values are multiplied by in figures: 100 for accuracies.
        floor: Smallest regret drawn; the best value itself has none.
    """

    metric: str
    sign: float
    factor: float
    floor: float

    @property
    def regret(self) -> str:
        """Label of an axis of regrets."""
        return f"Test regret ({'percentage points' if self.is_accuracy else self.metric})"

    @property
    def value(self) -> str:
        """What a test value is called."""
        return f"test {self.metric}"

    @property
    def is_accuracy(self) -> bool:
        """Whether the values are accuracies."""
        return self.metric == ACCURACY


def scale_of(results: Results) -> Scale:
    """The scale of a task."""
    metric, sign = results.header.judged_by, sign_of(results)
    if metric.is_accuracy:
        return Scale(metric=metric.name, sign=sign, factor=100.0, floor=FLOOR)
    scores = [sign * row.test_metric for row in results.rows]
    typical = reference_score(results) - float(np.median(scores)) if scores else 0.0
    return Scale(
        metric=metric.name, sign=sign, factor=1.0, floor=_FLOOR_SHARE * typical or _FLOOR_SHARE
    )
