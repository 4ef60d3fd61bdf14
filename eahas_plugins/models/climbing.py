"""The maximum of an acquisition over numbers, whole numbers and choices, all as positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_N_CLIMBERS = 10
_N_CHILDREN = 30  # of each climber in each round
_FIRST_STEP, _N_ROUNDS = 0.2, 6  # each round's steps are half as long
_N_CHANGES = 2.0  # parameters that a child changes besides the one it must, on average


class Side(Protocol):
    """What is to be known of one parameter."""

    @property
    def ordered(self) -> bool:
        """Whether values that lie close to each other are alike."""

    @property
    def least_step(self) -> float:
        """Steps much shorter than this one lead to the same value."""


def climb(
    score: Callable[[Floats], Floats],
    positions: Floats,
    sides: Sequence[Side],
    rng: np.random.Generator,
) -> Floats:
    """Where the score is largest, as found by small steps uphill from the best positions.

    Steps that would leave [0, 1] end at its edge, where optima of real spaces often lie and where
    random positions never do.

    Args:
        score: Gives shape (n,) for positions of shape (n, n_sides); -inf is never chosen if there
            is anything else.
        positions: Where to begin, in [0, 1], shape (n, n_sides).
        sides: The parameters, in the order of the columns.
        rng: Where steps are drawn.

    Returns:
        Array of shape (n_sides,).
    """
    scores = score(positions)
    order = np.argsort(-scores, kind="stable")[:_N_CLIMBERS]
    places, heights = positions[order], scores[order]
    ordered = np.array([side.ordered for side in sides])
    least = np.array([side.least_step for side in sides])
    n_sides, each = len(sides), np.arange(len(places))
    for n in range(_N_ROUNDS):
        children = np.repeat(places, _N_CHILDREN, axis=0)
        steps = np.maximum(_FIRST_STEP * 0.5**n, least) * rng.standard_normal(children.shape)
        moved = np.where(ordered, np.clip(children + steps, 0.0, 1.0), rng.random(children.shape))
        changed = rng.random(children.shape) < _N_CHANGES / n_sides
        changed[np.arange(len(children)), rng.integers(n_sides, size=len(children))] = True
        children = np.where(changed, moved, children)
        found = score(children).reshape(len(places), _N_CHILDREN)
        best = np.argmax(found, axis=1)
        higher = found[each, best] > heights
        children = children.reshape(len(places), _N_CHILDREN, n_sides)
        places = np.where(higher[:, None], children[each, best], places)
        heights = np.where(higher, found[each, best], heights)
    return np.asarray(places[np.argmax(heights)])
