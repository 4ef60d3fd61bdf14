"""Which configurations of earlier studies to begin a new one with.

References:
    Feurer et al. (2022), Auto-sklearn 2.0, section 3.1 (a greedy portfolio).
    Lee et al. (2020), Cost-aware Bayesian optimization (gain per energy).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.transfer.encoder import Encoder
from eahas_plugins.transfer.energy import EnergyPrior
from eahas_plugins.transfer.model import StudyModel

Floats = NDArray[np.float64]

PLACES = (0, 1, 2, 4, 6)
"""Which of the first trials get a member: others in between tell whether members are any good."""
N_MEMBERS = len(PLACES)
N_CANDIDATES = 5
"""Of each study: those of its configurations that it predicts to be best."""
_ENERGY_WEIGHT = 0.5
_START = -1.0
"""What each study has before the first member, in standard deviations from its mean."""
_LEAST_GAIN = 0.01


def member_at(place: int, members: Sequence[float], others: Sequence[float]) -> int | None:
    """Which member, from 0, the trial at a place among the first ones gets; None if it gets none.

    As soon as another trial beats all members so far, earlier studies mislead and no more follow.

    Args:
        place: The trial's place, from 0.
        members: Values of the members that were trained, larger is better.
        others: Those of other trainings of the same length.
    """
    if place not in PLACES or (members and others and max(others) > max(members)):
        return None
    return PLACES.index(place)


def candidates_of(model: StudyModel, encoder: Encoder) -> list[Mapping[str, Any]]:
    """The configurations of a study that it predicts to be best with the longest training."""
    encoded = encoder.encode(model.configs)
    order = np.argsort(-model.predict(encoded, np.ones(len(model.configs))), kind="stable")
    found: list[Mapping[str, Any]] = []
    points: list[Floats] = []
    features = encoder.features(encoded, len(model.configs))
    for i in order:
        if not any(np.array_equal(features[i], point) for point in points):
            found.append(model.configs[i])
            points.append(features[i])
        if len(found) == N_CANDIDATES:
            break
    return found


def greedy(predicted: Floats, log_kwh: Floats, *, n: int = N_MEMBERS) -> list[int]:
    """Positions of the candidates that together are good for most studies, best first.

    Each step takes the candidate of largest log(mean over the studies of the gain) minus half of
    its log energy; the gain of a study is by how much the candidate is better than the best so far.

    Args:
        predicted: Standardised values of shape (n_studies, n_candidates), larger is better.
        log_kwh: Their log energies up to a constant, of shape (n_candidates,).
        n: How many at most.
    """
    best = np.full(len(predicted), _START)
    chosen: list[int] = []
    for _ in range(min(n, predicted.shape[1])):
        gain = np.maximum(predicted - best[:, None], 0.0).mean(axis=0)
        score = np.log(gain + _LEAST_GAIN) - _ENERGY_WEIGHT * log_kwh
        score[chosen] = -math.inf
        chosen.append(int(np.argmax(score)))
        best = np.maximum(best, predicted[:, chosen[-1]])
    return chosen


def portfolio(
    models: Sequence[StudyModel], encoder: Encoder, energies: EnergyPrior
) -> list[Mapping[str, Any]]:
    """The configurations to begin with, best first.

    Args:
        models: Of the earlier studies.
        encoder: Their space.
        energies: What their energies say.
    """
    pool = [config for model in models for config in candidates_of(model, encoder)]
    if not pool:
        return []
    encoded = encoder.encode(pool)
    predicted = np.stack([model.predict(encoded, np.ones(len(pool))) for model in models])
    log_kwh = energies.log_kwh(encoded) if energies.ready else np.zeros(len(pool))
    return [pool[i] for i in greedy(predicted, log_kwh)]
