"""A Gaussian process that learns which features count, and expected improvement."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LENGTH, _LENGTH_SPREAD = 0.5, 1.0  # prior of the log lengths, in units of a whole range
_NOISE, _NOISE_SPREAD = math.log(0.05), 1.5  # prior of the log noise variance, of unit outputs
_LOWEST, _HIGHEST = -3.0, 4.0
_JITTER = 1e-6
_FIRST_STEPS, _NEXT_STEPS, _LEAST_STEPS = 40, 8, 2
_ALL_STEPS_UP_TO = 50


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Between the rows of ``a`` and those of ``b``, of shape (len(a), len(b))."""
    squares = np.sum(a**2, axis=1)[:, np.newaxis] + np.sum(b**2, axis=1) - 2.0 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0))


def matern(s: Floats) -> Floats:
    """Matern-5/2 kernel of ``s``, the square root of 5 times the distance in lengths."""
    return np.asarray((1.0 + s + s**2 / 3.0) * np.exp(-s))


class ArdProcess:
    """Regression with a Matern-5/2 kernel that has a length for every feature.

    Lengths and noise are those of highest posterior probability that a few steps of Rprop find,
    which are kept as the start of the next fit, of fewer steps.

    Args:
        n_features: Features of every point.
    """

    def __init__(self, n_features: int) -> None:
        self.theta = np.append(np.zeros(n_features), math.log(0.1))
        self._is_new = True

    def fit(self, x: Floats, y: Floats) -> None:
        """Learn from points of shape (n, n_features) and values of shape (n,)."""
        n_steps = _FIRST_STEPS if self._is_new else next_steps(len(x))
        self._is_new = False
        self._mean, self._scale = float(y.mean()), float(y.std()) or 1.0
        z = (y - self._mean) / self._scale
        best, theta = math.inf, self.theta.copy()
        step, before = np.full(len(theta), 0.2), np.zeros(len(theta))
        differences = (x[:, None, :] - x[None]) ** 2
        for _ in range(n_steps):
            loss, slope = _loss(theta, differences, z)
            if loss < best:
                best, self.theta = loss, theta.copy()
            same = np.sign(slope * before)
            factor = np.where(same > 0.0, 1.3, np.where(same < 0.0, 0.5, 1.0))
            step = np.clip(step * factor, 1e-3, 0.7)
            theta = np.clip(theta - np.sign(slope) * step, _LOWEST, _HIGHEST)
            before = slope
        self._learn(x, z)

    def believe(self, x: Floats) -> None:
        """Take points whose values are not known yet for what is predicted there."""
        mean, _ = self.predict(x)
        z = np.append(self._z, (mean - self._mean) / self._scale)
        self._learn(np.concatenate([self._x, x]), z)

    def _learn(self, x: Floats, z: Floats) -> None:
        self._x, self._z = x, z
        noise = math.exp(self.theta[-1]) + _JITTER
        matrix = self._kernel(x, x) + noise * np.eye(len(z))
        self._factor = np.linalg.cholesky(matrix)
        self._weight = np.linalg.solve(matrix, z)

    def _kernel(self, a: Floats, b: Floats) -> Floats:
        lengths = np.exp(self.theta[:-1])
        return matern(np.sqrt(5.0 * squared_distances(a / lengths, b / lengths)))

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the function (without noise), each of shape (n,)."""
        cross = self._kernel(self._x, x)
        mean = cross.T @ self._weight
        half = np.linalg.solve(self._factor, cross)
        variance = np.maximum(1.0 - (half**2).sum(axis=0), 1e-10)
        return self._mean + self._scale * mean, self._scale * np.sqrt(variance)


def _loss(theta: Floats, differences: Floats, z: Floats) -> tuple[float, Floats]:
    """Negative log posterior and its slope, from squared differences (n, n, n_features)."""
    lengths, noise = np.exp(theta[:-1]), math.exp(theta[-1])
    squares = differences / lengths**2
    r = np.sqrt(5.0 * squares.sum(axis=2))
    decay = np.exp(-r)
    matrix = (1.0 + r + r**2 / 3.0) * decay + (noise + _JITTER) * np.eye(len(z))
    inverse = np.linalg.inv(matrix)
    weight = inverse @ z
    _, log_determinant = np.linalg.slogdet(matrix)
    loss = 0.5 * float(z @ weight) + 0.5 * float(log_determinant)
    off = np.append((theta[:-1] - _LENGTH) / _LENGTH_SPREAD, (theta[-1] - _NOISE) / _NOISE_SPREAD)
    outer = np.outer(weight, weight) - inverse
    by_length = np.einsum("ij,ijk->k", outer * (5.0 / 3.0) * (1.0 + r) * decay, squares)
    slope = -0.5 * np.append(by_length, np.trace(outer) * noise)
    slope += off / np.append(np.full(len(lengths), _LENGTH_SPREAD), _NOISE_SPREAD)
    return loss + 0.5 * float(off @ off), slope


_erf = np.vectorize(math.erf, otypes=[np.float64])


def log_expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """Log of the expected improvement over ``best``, of shape (n,); larger means are better."""
    u = (mean - best) / deviation
    density = np.exp(-0.5 * u**2) / math.sqrt(2.0 * math.pi)
    share = 0.5 * (1.0 + _erf(u / math.sqrt(2.0)))
    near = np.log(np.maximum(u * share + density, 1e-300))
    far = -0.5 * u**2 - 2.0 * np.log(np.maximum(np.abs(u), 1.0)) - 0.5 * math.log(2.0 * math.pi)
    return np.asarray(np.log(deviation) + np.where(u > -6.0, near, far))


def next_steps(n_trials: int) -> int:
    """Steps of a fit that goes on from the one before.

    Beyond 50 trials they become fewer, for a step takes time with their square and more.
    """
    return max(_LEAST_STEPS, min(_NEXT_STEPS, _NEXT_STEPS * _ALL_STEPS_UP_TO // n_trials))
