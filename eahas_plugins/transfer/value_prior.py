"""What earlier studies say of the values of a new one, each by how well it ranks its trials.

References:
    Feurer et al. (2018), Practical transfer learning for Bayesian optimization (rank-weighted
    ensembles, "RGPE").
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eahas_plugins.transfer.model import StudyModel

Floats = NDArray[np.float64]

_log = logging.getLogger(__name__)

_N_RESAMPLES = 64
_MOST_TRIALS = 48
"""Trials of the new study, the latest, by which the earlier ones are judged."""
_MOST_STUDIES = 5
"""Studies that count at once: those of most weight."""
_CHANCE = 0.5
_SAME_LEVEL = 0.01


class ValuePrior:
    """A weighted mean of the models of earlier studies in the space of a new one.

    Args:
        models: Models of the earlier studies in the space of the new one.
    """

    def __init__(self, models: Sequence[StudyModel]) -> None:
        self._models = models
        self.weights: Floats = np.full(len(models), 1.0 / max(1, len(models)))
        """Of the studies: their sum is 1, or 0 if none ranks better than chance."""
        self._told_at = 0

    def learn(self, encoded: Mapping[str, ArrayLike], levels: Floats, rewards: Floats) -> None:
        """Weigh the studies by how well they rank the trials of the new one.

        Args:
            encoded: Values of numbers and positions of choices of the trials, NaN if absent.
            levels: Lengths of their trainings, of shape (n,): 0 is the shortest, 1 the longest.
            rewards: Their values, larger is better, of shape (n,).
        """
        latest = slice(-_MOST_TRIALS, None)
        some = {name: np.asarray(column)[latest] for name, column in encoded.items()}
        predicted = [model.predict(some, levels[latest]) for model in self._models]
        self.weights = rank_weights(np.array(predicted), rewards[latest], levels[latest])
        if len(rewards) >= 2 * self._told_at:
            self._told_at = len(rewards)
            _log.info("after %d trials %s", len(rewards), self._counting())

    def _counting(self) -> str:
        """Which studies count."""
        order = [i for i in np.argsort(-self.weights, kind="stable") if self.weights[i] > 0.0]
        order = order[:_MOST_STUDIES]
        if not order:
            return "no earlier study counts: none ranks them better than chance"
        said = ", ".join(f"{self._models[i].name!r} {self.weights[i]:.2f}" for i in order)
        n_others = len(self._models) - len(order)
        return f"earlier studies count by how well they rank them: {said}; {n_others} others do not"

    def predict(self, encoded: Mapping[str, ArrayLike], levels: Floats) -> Floats:
        """Standardised values, of shape (n,)."""
        found = np.zeros(len(levels))
        for number in np.argsort(-self.weights, kind="stable")[:_MOST_STUDIES].tolist():
            if self.weights[number] > 0.0:
                found += self.weights[number] * self._models[number].predict(encoded, levels)
        return found


def rank_weights(predicted: Floats, rewards: Floats, levels: Floats) -> Floats:
    """Weights of studies: how often each ranks a resample of the trials best of all.

    A study that ranks no better than chance has none; with fewer than three trials all are equal.

    Args:
        predicted: What each study predicts for the trials, of shape (n_studies, n_trials).
        rewards: What came out, of shape (n_trials,).
        levels: Lengths of the trainings; only those of the same length are compared.
    """
    n_studies, n = predicted.shape
    if n < 3:
        return np.full(n_studies, 1.0 / n_studies)
    wrong, n_pairs = _wrong(predicted, rewards, levels)
    if not n_pairs:
        return np.full(n_studies, 1.0 / n_studies)
    share = wrong.sum(axis=(1, 2)) / n_pairs
    counts = np.random.default_rng([n, n_studies]).multinomial(
        n, np.full(n, 1.0 / n), size=_N_RESAMPLES
    )
    loss = np.einsum("ri,sij,rj->rs", counts, wrong, counts, optimize=True)
    loss = np.where(share < _CHANCE, loss, np.inf)
    least = loss.min(axis=1, keepdims=True)
    first = (loss <= least) & np.isfinite(loss)
    votes = first / np.maximum(first.sum(axis=1, keepdims=True), 1)
    return np.asarray(votes.mean(axis=0))


def ranked_right(predicted: Floats, rewards: Floats) -> float | None:
    """Which part of the pairs of trials of the same length is ranked right; None without a pair.

    Args:
        predicted: What is predicted for the trials, of shape (n_trials,).
        rewards: What came out, of shape (n_trials,); ties are no pairs.
    """
    places = np.unique(rewards, return_inverse=True)[1].astype(np.float64)  # no overflow
    wrong, n_pairs = _wrong(predicted[None], places, np.ones(len(rewards)))
    return 1.0 - float(wrong.sum()) / n_pairs if n_pairs else None


def _wrong(predicted: Floats, rewards: Floats, levels: Floats) -> tuple[Floats, float]:
    """Which pairs each study ranks wrong, of shape (n_studies, n, n), and how many pairs count."""
    better = np.sign(rewards[:, None] - rewards[None])
    better *= np.abs(levels[:, None] - levels[None]) < _SAME_LEVEL
    said = np.sign(predicted[:, :, None] - predicted[:, None])
    wrong = np.where(better == 0.0, 0.0, 0.5 * (1.0 - better * said))  # half for a tie
    return wrong, float((better != 0.0).sum())
