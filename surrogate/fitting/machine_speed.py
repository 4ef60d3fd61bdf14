"""Costs of trainings as they would be had the machine always been as fast as it mostly was.

What the processor does for others (caches, memory, the other thread of a core) changes how fast it
is for hours, and CPU time counts that. Size of the network and optimizer say what a training should
have cost; what those of one hour have in common beside it is the machine's doing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogate.records import Record
from surrogate.space.features import COST_NAMES, NAMES

Floats = NDArray[np.float64]

_TRUST = 3.0
"""So many trainings of an hour count for half of what they say about it."""
_N_ROUNDS = 20


def hours_of(records: Sequence[Record]) -> NDArray[np.int64]:
    """The number of the machine and hour that each was started in, of shape (n,).

    Those that do not say when they were started are all of the same hour.
    """
    keys = [
        json.dumps([record.machine, (record.started or "")[:13]], sort_keys=True)
        for record in records
    ]
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def slowness(X: Floats, log_cost: Floats, hour: NDArray[np.int64]) -> Floats:
    """How much dearer each training was because of its hour: 0 for the median training.

    Hours and a linear model of the cost are fitted in turn, hours with few trainings shrunk
    towards the others.

    Args:
        X: Features of shape (n, n_features).
        log_cost: Logarithms, of shape (n,).
        hour: Numbers from 0, of shape (n,).

    Returns:
        What to take from the logarithms, of shape (n,).
    """
    found = np.zeros(len(X))
    if len(np.unique(hour)) == 1:
        return found
    features = X[:, np.isin(NAMES, COST_NAMES)]
    counts = np.bincount(hour)
    for _ in range(_N_ROUNDS):
        model = np.linalg.lstsq(features, log_cost - found, rcond=None)[0]
        left = np.bincount(hour, weights=log_cost - features @ model)
        found = (left / (counts + _TRUST))[hour]
    return np.asarray(found - np.median(found))
