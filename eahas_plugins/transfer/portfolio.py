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

N_MEMBERS = 5
N_CANDIDATES = 5
"""Of each study: those of its configurations that it predicts to be best."""
_ENERGY_WEIGHT = 0.5
_START = -1.0
"""What each study has before the first member, in standard deviations from its mean."""
_LEAST_GAIN = 0.01
_CHANCE = 0.5


def next_member(n_members: int, n_others: int, agreement: float | None) -> int | None:
    """Which member, from 0, one of the first trials gets; None if it gets another configuration.

    Members and others take turns. After the first member, which is a try, there is one only while
    the studies rank what has been tried better than chance: what misleads costs little more than
    one short training, and is heard again if later trials agree.

    Args:
        n_members: Members that trials have got so far.
        n_others: Other configurations.
        agreement: Which part of the pairs of trials the studies have ranked right; None if there
            is none yet.
    """
    if n_members >= N_MEMBERS or n_members > n_others:
        return None
    if n_members and agreement is not None and not agreement > _CHANCE:
        return None
    return n_members


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
