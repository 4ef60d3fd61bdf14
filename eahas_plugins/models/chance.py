"""Whether a training would fail, learnt from those that have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.gaussian_process import ArdProcess, log_normal_probability

Floats = NDArray[np.float64]

MOST_IN_VAIN = 50
"""So many trainings that have failed, and none that did not, end a run: no place is any better."""

_HARDLY, _FEWEST_FIRST = math.log(1e-3), 5
_LEAST = math.log(0.5)
_HOPELESS = 1e12  # no log of an expected improvement is as low


def n_before_mended(failed: Sequence[bool]) -> int:
    """How many trainings, the first ones, failed of something that has been mended since.

    A wrong path or a missing package fails everywhere, and says nothing of places. It is taken for
    one where so many failures, five at least, would hardly all come first if their order were
    chance: fewer come first where a search learns to avoid them.

    Args:
        failed: Whether each training has failed, in the order in which they began.
    """
    n, n_failed = len(failed), sum(failed)
    n_first = next((i for i, fails in enumerate(failed) if not fails), 0)
    log_p = sum(math.log((n_failed - i) / (n - i)) for i in range(n_first))
    return n_first if n_first >= _FEWEST_FIRST and log_p < _HARDLY else 0


def log_chance(success: ArdProcess, known: Floats, failed: Floats) -> Callable[[Floats], Floats]:
    """Log of the chance that a training does not fail, at points of shape (n, n_features).

    A process learns 1 of what is known and -1 of what has failed, with lengths and noise of its
    own: failures among successes are noise, and the majority counts. A chance below one half is
    none, taken where nothing else is left, however little is expected elsewhere.

    Args:
        success: The process, which learns; the one of the proposal before goes on.
        known: Array of shape (m, n_features).
        failed: Array of shape (k, n_features).

    References:
        Rasmussen, Williams (2006), section 6.5 (least-squares classification).
    """
    labels = np.append(np.ones(len(known)), -np.ones(len(failed)))
    success.fit(np.concatenate([known, failed]), labels)

    def at(points: Floats) -> Floats:
        mean, deviation = success.predict(points)
        said = log_normal_probability(mean / deviation)
        return np.where(said < _LEAST, said - _HOPELESS, said)

    return at
