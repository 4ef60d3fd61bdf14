"""The chance that a training does not fail, for samplers that choose among candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from eahas_plugins.models.chance import log_chance
from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.optuna.samplers._encoding import encode

Floats = NDArray[np.float64]
Params = Mapping[str, Any]

_FEWEST_KNOWN = 3
_MOST_KNOWN, _MOST_FAILED = 100, 50
_MOST_OF_ONE = 25
"""Of a single parameter, whose values soon lie close together."""


def log_chance_of(
    candidates: Sequence[Params],
    space: Mapping[str, BaseDistribution],
    *,
    known: Sequence[Params],
    failed: Sequence[Params],
) -> Floats:
    """Log of the chance that each does not fail, shape (n,); 0 while nothing says that it might.

    Args:
        candidates: Parameters of what may be trained.
        space: The parameters that are chosen.
        known: Parameters of trials that have not failed, latest last.
        failed: Parameters of those that have, latest last.
    """
    if not failed or len(known) < _FEWEST_KNOWN:
        return np.zeros(len(candidates))
    n, n_failed = (_MOST_KNOWN, _MOST_FAILED) if len(space) > 1 else (_MOST_OF_ONE, _MOST_OF_ONE)
    x, wrong = encode(known[-n:], space), encode(failed[-n_failed:], space)
    return log_chance(ArdProcess(x.shape[1]), x, wrong)(encode(candidates, space))
