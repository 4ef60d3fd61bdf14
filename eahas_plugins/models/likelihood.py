"""The likelihood of the lengths and the noise of a Gaussian process, for many tries of them.

References:
    Rasmussen, Williams (2006), Gaussian Processes for Machine Learning ("RW" below).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SMALL = 48
"""Up to here there is nothing to gain from halves."""


class Likelihood:
    """Of values at points under the covariance of `gaussian_process.ArdProcess`.

    The covariance is symmetric, so only its lower half is computed, a vector of pairs.

    Args:
        points: Features, shape (n, n_lengths).
        short: How far each is from the longest level, shape (n,); None without levels.
        z: Standardised values, shape (n,).
        jitter: What is added to the noise's variance.
    """

    def __init__(self, points: Floats, short: Floats | None, z: Floats, *, jitter: float) -> None:
        self._z, self._jitter = z, jitter
        i, j = self._pairs = np.tril_indices(len(z), -1)
        self._places = i * len(z) + j
        self._differences = np.empty((points.shape[1], len(i)))
        for squares, column in zip(self._differences, np.ascontiguousarray(points.T), strict=True):
            np.square(column[i] - column[j], out=squares)
        self._both = None if short is None else short[i] * short[j]
        self._itself = 0.0 if short is None else short**2

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        """Its negative logarithm, up to a constant, and the slope of that (RW eqs. 2.30 and 5.9).

        Args:
            theta: As `gaussian_process.ArdProcess.theta`.
        """
        n, n_lengths = len(self._z), len(self._differences)
        shrink, noise = 5.0 * np.exp(-2.0 * theta[:n_lengths]), math.exp(theta[-1])
        s = 0.0 if self._both is None else math.exp(theta[-2])
        r = np.sqrt(shrink @ self._differences)
        decay, more = np.exp(-r), 1.0 + r
        kernel = (more + r * r / 3.0) * decay
        matrix = np.zeros(n * n)
        matrix[self._places] = self._covariance(kernel, s)
        matrix[:: n + 1] = 1.0 + (s + 1.0) * self._itself + noise + self._jitter
        # reads the lower half alone
        factor: Floats = np.asarray(np.linalg.cholesky(matrix.reshape(n, n)), dtype=np.float64)
        whiten = inverse_of_lower(factor)
        inverse = whiten.T @ whiten
        weight = inverse @ self._z
        loss = 0.5 * float(self._z @ weight) + float(np.log(factor.diagonal()).sum())
        i, j = self._pairs
        outer = weight[i] * weight[j] - inverse.take(self._places)
        itself = weight * weight - inverse.diagonal()
        slope = np.empty(len(theta))
        slope[-1] = 0.5 * noise * itself.sum()
        if self._both is not None:
            slope[-2] = s * (outer @ (self._both * kernel) + 0.5 * (itself @ self._itself))
            outer *= 1.0 + s * self._both
        # the kernel's slope by a log length is 5/3 (1 + r) exp(-r) times its squared difference
        slope[:n_lengths] = shrink / 3.0 * (self._differences @ (outer * more * decay))
        return loss, -slope

    def _covariance(self, kernel: Floats, s: float) -> Floats:
        return kernel if self._both is None else kernel * (1.0 + s * self._both) + self._both


def inverse_of_lower(factor: Floats) -> Floats:
    """The inverse of a lower triangular matrix, from those of its halves."""
    n = len(factor)
    if n <= _SMALL:
        return np.asarray(np.linalg.inv(factor))
    half = n // 2
    upper, lower = inverse_of_lower(factor[:half, :half]), inverse_of_lower(factor[half:, half:])
    found = np.zeros_like(factor)
    found[:half, :half], found[half:, half:] = upper, lower
    found[half:, :half] = -lower @ (factor[half:, :half] @ upper)
    return found
