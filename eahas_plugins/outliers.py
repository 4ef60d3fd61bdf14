"""Which values a figure's axis leaves at its edge, so that the good ones can be told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 6
"""Of fewer values all are shown."""
REACH, FARTHEST = 6.0, 20.0
"""How many times as far from the best as the best quarter reaches an axis goes on: at least, and at
most where the best half is scattered that widely."""


def worst_shown(
    losses: Sequence[float] | Floats, *, always: Sequence[float] | Floats = ()
) -> float:
    """The largest loss that an axis has room for; what failed, or came early, may lie beyond.

    The axis reaches six times as far from the best value as the best quarter does, or twice as far
    as the best half, if that is not absurdly far off. Evenly spread values are all within that.

    Example:
        >>> round(worst_shown([0.1, 0.2, 0.2, 0.3, 0.3, 1e6]), 6)
        0.7

    Args:
        losses: Finite values; smaller is better.
        always: Losses that are shown in any case.

    Returns:
        A loss, at most that of the worst value.
    """
    if not len(losses):
        return float(np.max(always)) if len(always) else 0.0
    values = np.asarray(losses, dtype=np.float64)
    best, worst = float(values.min()), float(values.max())
    quarter, half = (float(np.quantile(values, q, method="lower")) - best for q in (0.25, 0.5))
    if len(values) < FEWEST or not half > 0.0:
        return worst
    reach = REACH * half  # the best quarter is all the same
    if quarter > 0.0:
        reach = max(REACH * quarter, min(2.0 * half, FARTHEST * quarter))
    return min(worst, max([best + reach, *map(float, always)]))
