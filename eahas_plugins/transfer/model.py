"""What one earlier study says of the value of any configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.models.values import transformed
from eahas_plugins.transfer.encoder import Encoder
from eahas_plugins.transfer.study import EarlierStudy

Floats = NDArray[np.float64]

MOST_TRIALS = 64
"""Trials that a model learns from, whatever the length of the study."""


class StudyModel:
    """A Gaussian process over the trials of one study, of their standardised values.

    Its mean is 0 and its spread 1 over those that had the longest training; larger is better. It is
    cheap: of a long study it learns the best trials, and of the others as many, evenly from the
    second best to the worst.

    Args:
        study: The study; it must have a trial.
        encoder: The space.
        fidelity_param: The parameter that is the length of a training, which is none of the
            encoder's; None if there is none.
    """

    def __init__(
        self, study: EarlierStudy, encoder: Encoder, *, fidelity_param: str | None
    ) -> None:
        self.name = study.name
        self._encoder = encoder
        levels = levels_of(study.lengths(fidelity_param))
        kept = _spread(study.rewards, levels)
        values = transformed(study.rewards[kept])
        levels = levels[kept]
        longest = values[levels == levels.max()]  # a few longer ones may not be kept
        self._mean, self._scale = float(longest.mean()), float(longest.std())
        if not self._scale > 1e-9 * abs(self._mean):
            self._scale = float(values.std()) or 1.0
        self.configs = [study.trials[i].config for i in kept]
        encoded = encoder.encode(self.configs)
        self._has_levels = bool((levels != levels[0]).any())
        x = self._features(encoded, levels)
        self._process = _MeanProcess(x.shape[1])
        self._process.fit(x, (values - self._mean) / self._scale)

    def predict(self, encoded: Mapping[str, ArrayLike], levels: Floats) -> Floats:
        """Standardised values, of shape (n,).

        Args:
            encoded: The encoder's columns, each of shape (n,).
            levels: How long the trainings are, of shape (n,): 0 is the shortest, 1 the longest.
        """
        return self._process.mean(self._features(encoded, levels))

    def _features(self, encoded: Mapping[str, ArrayLike], levels: Floats) -> Floats:
        features = self._encoder.features(encoded, len(levels))
        return np.concatenate([features, levels[:, None]], axis=1) if self._has_levels else features


class _MeanProcess(ArdProcess):
    """A process that is only asked for its mean, which takes a tenth of the time."""

    def mean(self, x: Floats) -> Floats:
        return np.asarray(self._mean + self.scale * (self._kernel(x, self._x) @ self._weight))


def levels_of(lengths: Sequence[float | None]) -> Floats:
    """0 for the shortest training, 1 for the longest, by the logarithm; 1 where unknown."""
    known = [length for length in lengths if length is not None and length > 0.0]
    low, high = min(known, default=1.0), max(known, default=1.0)
    if not high > low:
        return np.ones(len(lengths))
    span = math.log(high / low)
    return np.array(
        [
            1.0 if not (length and length > 0.0) else math.log(length / low) / span
            for length in lengths
        ]
    )


def _spread(rewards: Floats, levels: Floats) -> list[int]:
    """Positions of the trials to learn from: half the best, half evenly spread over the others.

    Longer trainings come before shorter ones of the same value.
    """
    order = np.lexsort((-levels, -rewards))
    if len(order) <= MOST_TRIALS:
        return [int(i) for i in order]
    best = MOST_TRIALS // 2
    places = np.linspace(best, len(order) - 1, MOST_TRIALS - best).round().astype(np.intp)
    return [int(i) for i in [*order[:best], *order[places]]]
