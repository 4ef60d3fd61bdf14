"""A value axis on which the good trials differ; those beyond it are put at its edge and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.optuna.visualization._data import Floats, Front, ValueCurve
from eahas_plugins.outliers import worst_shown

_MARGIN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The ends of a value axis.

    Args:
        low: Its lower end.
        high: Its upper end.
        edge: The worst value that is shown; worse ones are drawn there.
        maximize: Whether larger values are better.
        n_beyond: How many values are worse.
    """

    low: float
    high: float
    edge: float
    maximize: bool
    n_beyond: int

    @property
    def label(self) -> str:
        """What a legend says of those beyond."""
        return f"{self.n_beyond} Beyond"

    def is_beyond(self, values: Floats) -> NDArray[np.bool_]:
        """Which of some values are worse than what is shown."""
        return np.asarray(values < self.edge if self.maximize else values > self.edge)

    def within(self, values: Floats) -> Floats:
        """The values, those beyond at the edge."""
        ends = (self.edge, np.inf) if self.maximize else (-np.inf, self.edge)
        return np.asarray(np.clip(values, *ends))


def value_limits(
    parts: Sequence[Floats], *, maximize: bool, always: Sequence[float] = ()
) -> Limits | None:
    """The limits of an axis of values; None where all of them are shown.

    Args:
        parts: Finite values, of each study.
        maximize: Whether larger ones are better.
        always: Values that are shown in any case.
    """
    sign = -1.0 if maximize else 1.0
    losses = sign * np.concatenate([np.empty(0), *parts])
    if not len(losses):
        return None
    worst = worst_shown(losses, always=[sign * value for value in always])
    inside = losses[losses <= worst]
    n_beyond = len(losses) - len(inside)
    if not n_beyond:
        return None
    edge, best = sign * worst, sign * float(inside.min())
    margin = _MARGIN * abs(edge - best)
    return Limits(
        low=min(edge, best) - margin,
        high=max(edge, best) + margin,
        edge=edge,
        maximize=maximize,
        n_beyond=n_beyond,
    )


def curve_limits(curves: Sequence[ValueCurve]) -> Limits | None:
    """The limits of the values of some studies; none of a target: which is better is unknown."""
    if not curves or any(curve.best is None for curve in curves):
        return None
    if len({curve.maximize for curve in curves}) > 1:
        return None
    bests = [curve.best[-1:] for curve in curves if curve.best is not None]
    always = [float(best[0]) for best in bests if len(best) and np.isfinite(best[0])]
    values = [curve.values for curve in curves]
    return value_limits(values, maximize=curves[0].maximize, always=always)


def front_limits(front: Front) -> Limits | None:
    """The limits of the values of a front, all of which are shown."""
    always = front.values[front.on_front].tolist()
    return value_limits([front.values], maximize=front.maximize, always=always)
