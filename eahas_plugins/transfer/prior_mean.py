"""A Gaussian process whose mean is a multiple of what earlier studies predict."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.gaussian_process import ArdProcess

Floats = NDArray[np.float64]

_DOUBT = 1.0
"""One over the prior variance of the factor, of standardised values."""
_ODDS = 0.1
"""Prior odds that earlier studies say something of this one: few do, and the best of several that
say nothing agrees with the first trials by chance."""


class PriorMeanProcess(ArdProcess):
    """A process over all features but the last, which is its mean up to a factor.

    The factor is at least 0 and learnt: where the last feature says nothing of the values, or the
    opposite, it is 0 and the process a plain one.

    References:
        Rasmussen, Williams (2006), section 2.7 (explicit basis functions), eq. 2.41.

    Args:
        n_features: Features of every point, the last one included.
        levels: Whether the last but one is the level, as of `ArdProcess`.
    """

    def __init__(self, n_features: int, *, levels: bool = False) -> None:
        super().__init__(n_features - 1, levels=levels)
        self.n_features = n_features
        self.factor = 0.0
        """In units of the values per unit of the last feature."""

    def fit(self, x: Floats, y: Floats) -> None:
        """Learn from points of shape (n, n_features) and values of shape (n,)."""
        points, said = x[:, :-1], x[:, -1]
        spread = float(y.std()) or 1.0
        centred = said - said.mean()
        factor = max(0.0, float(centred @ (y - y.mean())) / (float(centred @ centred) + _DOUBT))
        super().fit(points, y - factor * said)
        self.factor = spread * self._slope(points, said, (y - y.mean()) / spread, spread)
        self._condition(points, self._standardise(y - self.factor * said), noise=self._noise)

    def _slope(self, points: Floats, said: Floats, z: Floats, spread: float) -> float:
        """The expected factor, of standardised values ``z``: that if it is not 0, by its odds.

        The first guess has told the covariance K of the rest. With H = (said, 1), weights by
        K^-1 and a prior N(0, 1 / _DOUBT) of the factor, its mean is m / (s + _DOUBT), and the data
        are exp(m^2 / 2 (s + _DOUBT)) / sqrt((s + _DOUBT) / _DOUBT) times as likely as with 0.
        """
        matrix = self._kernel(points, points) + self._noise * np.eye(len(z))
        matrix *= (self.scale / spread) ** 2
        ones = np.ones(len(z))
        solved = np.linalg.solve(matrix, np.stack([said, ones, z], axis=1))
        share = (said @ solved[:, 1]) / (ones @ solved[:, 1])
        s = float(said @ solved[:, 0] - share * (ones @ solved[:, 0]))
        m = float(said @ solved[:, 2] - share * (ones @ solved[:, 2]))
        slope = m / (s + _DOUBT)
        log_odds = math.log(_ODDS) + 0.5 * (m * slope - math.log(1.0 + s / _DOUBT))
        return max(0.0, slope) / (1.0 + math.exp(-min(log_odds, 50.0)))

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the function, each of shape (n,)."""
        mean, deviation = super().predict(x[:, :-1])
        return mean + self.factor * x[:, -1], deviation

    def fantasise(self, x: Floats) -> None:
        """Take pending points for what is predicted there."""
        mean, _ = super().predict(x[:, :-1])
        z = np.append(self._z, (mean - self._mean) / self.scale)
        self._condition(np.concatenate([self._x, x[:, :-1]]), z, noise=self._noise)
