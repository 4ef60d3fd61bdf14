"""Gaussian processes with a Matern-5/2 kernel, and expected improvement.

References:
    Rasmussen, Williams (2006), Gaussian Processes for Machine Learning ("RW" below).
    Igel, Huesken (2000), Improving the Rprop learning algorithm (without weight-backtracking).
    Ament et al. (2023), Unexpected improvements to expected improvement for Bayesian optimization.
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.likelihood import Likelihood

Floats = NDArray[np.float64]

# Priors are normal, of logarithms; bounds are of the same logarithms.
_LENGTH, _LENGTH_SPREAD = 0.5, 1.0  # in units of a feature's whole range
_LENGTH_BOUNDS = -3.0, 4.0
_NOISE, _NOISE_SPREAD = math.log(1e-3), 3.0  # variance, of unit outputs: trainings may repeat
_NOISE_BOUNDS = -9.0, 4.0
_FIRST_NOISE = math.log(0.1)
_RESIDUAL, _RESIDUAL_SPREAD = math.log(0.3), 1.5  # variance of what only shorter trainings show
_RESIDUAL_BOUNDS = -5.0, 3.0
_FIRST_STEPS, _NEXT_STEPS, _LEAST_STEPS = 40, 8, 2
_ALL_STEPS_UP_TO = 50
_LARGER, _SMALLER = 1.3, 0.5  # Rprop's factors of a step while the slope keeps its sign, or not
_FIRST_STEP, _LEAST_STEP, _LARGEST_STEP = 0.2, 1e-3, 0.7

_GRID_LENGTHS = (0.5, 1.0, 2.0, 4.0)  # in units of one feature's whole range
_GRID_NOISES = (1e-3, 1e-2, 1e-1)  # variance, as a part of that of the values


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Between the rows of ``a`` and those of ``b``, of shape (len(a), len(b))."""
    squares = np.sum(a**2, axis=1)[:, np.newaxis] + np.sum(b**2, axis=1)
    squares -= 2.0 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0, out=squares))


def matern(s: Floats) -> Floats:
    """Matern-5/2 kernel of ``s``, the root of 5 times the distance in lengths (RW eq. 4.17)."""
    kernel = np.square(s)
    kernel /= 3.0
    kernel += 1.0 + s
    kernel *= np.exp(-s)
    return np.asarray(kernel)


class _Process(ABC):
    """The posterior of a process with zero mean and unit variance, of standardised values."""

    scale: float
    """Standard deviation of the values that were learnt: predictions are in their unit."""
    _least_variance: float
    """Rounding makes the variance at a known point negative."""

    @abstractmethod
    def _kernel(self, a: Floats, b: Floats) -> Floats:
        """Covariance of the rows of ``a`` with those of ``b``."""

    def _variance(self, x: Floats) -> Floats:
        """Variance of each row before anything is known."""
        return np.ones(len(x))

    def _standardise(self, y: Floats) -> Floats:
        self._mean, self.scale = float(y.mean()), float(y.std()) or 1.0
        return np.asarray((y - self._mean) / self.scale)

    def _condition(self, x: Floats, z: Floats, *, noise: float) -> None:
        """Learn values ``z`` at ``x``, with this variance of their noise (RW algorithm 2.1)."""
        self._x, self._z = x, z
        matrix = self._kernel(x, x) + noise * np.eye(len(z))
        # many predictions follow, each of which is then a product
        self._whiten = np.linalg.inv(np.linalg.cholesky(matrix))
        self._weight = self._whiten.T @ (self._whiten @ z)

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the function (without noise), each of shape (n,).

        RW eqs. 2.25 and 2.26.
        """
        cross = self._kernel(self._x, x)
        mean = cross.T @ self._weight
        half = self._whiten @ cross
        variance = self._variance(x) - np.square(half, out=half).sum(axis=0)
        variance = np.maximum(variance, self._least_variance)
        return self._mean + self.scale * mean, self.scale * np.sqrt(variance)


class ArdProcess(_Process):
    """Regression with a length of the kernel for every feature (automatic relevance determination).

    Lengths and noise are those of highest posterior probability that a few steps of Rprop find,
    which are kept as the start of the next fit, of fewer steps.

    With levels of fidelity a shorter training is the longest one and something of its own: the
    covariance is k(x, x') (1 + s (1 - l) (1 - l')) + (1 - l) (1 - l'), where l = 1 is the longest
    and s is learnt. The last term is what shorter trainings differ by anywhere.

    References:
        Kennedy, O'Hagan (2000), Predicting the output from a complex computer code (the form).

    Args:
        n_features: Features of every point.
        levels: Whether the last feature is the level, in [0, 1].
    """

    _least_variance = 1e-10
    _jitter = 1e-6

    def __init__(self, n_features: int, *, levels: bool = False) -> None:
        self.n_features = n_features
        self.levels = levels
        rows = [(0.0, _LENGTH, _LENGTH_SPREAD, *_LENGTH_BOUNDS)] * (n_features - levels)
        rows += [(_RESIDUAL, _RESIDUAL, _RESIDUAL_SPREAD, *_RESIDUAL_BOUNDS)] * levels
        rows += [(_FIRST_NOISE, _NOISE, _NOISE_SPREAD, *_NOISE_BOUNDS)]
        self.theta, *self._prior = np.array(rows).T
        """Logarithms of the lengths, of s where there are levels, and of the noise's variance."""
        self.success: ArdProcess | None = None
        """Learns where trainings succeed, once one has failed: `chance.log_chance`."""
        self._is_new = True

    def fit(self, x: Floats, y: Floats) -> None:
        """Learn from points of shape (n, n_features) and values of shape (n,)."""
        n_steps = _FIRST_STEPS if self._is_new else next_steps(len(x))
        self._is_new = False
        z = self._standardise(y)
        best, theta = math.inf, self.theta.copy()
        step, before = np.full(len(theta), _FIRST_STEP), np.zeros(len(theta))
        centre, spread, lowest, highest = self._prior
        points, short = self._split(x)
        likelihood = Likelihood(points, short if self.levels else None, z, jitter=self._jitter)
        for _ in range(n_steps):
            loss, slope = likelihood(theta)
            off = (theta - centre) / spread
            loss, slope = loss + 0.5 * float(off @ off), slope + off / spread
            if loss < best:
                best, self.theta = loss, theta.copy()
            same = np.sign(slope * before)
            factor = np.where(same > 0.0, _LARGER, np.where(same < 0.0, _SMALLER, 1.0))
            step = np.clip(step * factor, _LEAST_STEP, _LARGEST_STEP)
            theta = np.clip(theta - np.sign(slope) * step, lowest, highest)
            before = slope
        self._condition(x, z, noise=self._noise)

    def fantasise(self, x: Floats) -> None:
        """Take pending points, whose values are not known yet, for what is predicted there.

        The doubt there goes, the mean stays: nobody is sent to the same place.
        """
        mean, _ = self.predict(x)
        z = np.append(self._z, (mean - self._mean) / self.scale)
        self._condition(np.concatenate([self._x, x]), z, noise=self._noise)

    def with_lengths(self, factor: float) -> Self:
        """What it has learnt, as a process whose lengths are this many times as long says it."""
        other = copy.copy(self)
        n_lengths = len(self.theta) - 1 - self.levels
        other.theta = self.theta + np.where(
            np.arange(len(self.theta)) < n_lengths, math.log(factor), 0
        )
        other._condition(self._x, self._z, noise=self._noise)
        return other

    @property
    def _noise(self) -> float:
        return math.exp(self.theta[-1]) + self._jitter

    def _kernel(self, a: Floats, b: Floats) -> Floats:
        (a, short_a), (b, short_b) = self._split(a), self._split(b)
        lengths = np.exp(self.theta[: a.shape[1]])
        kernel = matern(np.sqrt(5.0 * squared_distances(a / lengths, b / lengths)))
        if not (short_a.any() and short_b.any()):
            return kernel
        both = np.outer(short_a, short_b)
        return np.asarray(kernel * (1.0 + self._residual * both) + both)

    def _variance(self, x: Floats) -> Floats:
        return 1.0 + (self._residual + 1.0) * self._split(x)[1] ** 2

    @property
    def agreement(self) -> float:
        """Part of the shortest trainings' variance that they share with the longest ones."""
        return 1.0 / (1.0 + self._residual) if self.levels else 1.0

    @property
    def _residual(self) -> float:
        return math.exp(self.theta[-2])

    def _split(self, x: Floats) -> tuple[Floats, Floats]:
        """Points, and how far each is from the longest level."""
        return (x[:, :-1], 1.0 - x[:, -1]) if self.levels else (x, np.zeros(len(x)))


class GridProcess(_Process):
    """Regression with one length and a noise that maximise the evidence on a small grid.

    Args:
        x: Array of shape (n, n_features).
        y: Array of shape (n,).
    """

    _least_variance = 1e-12
    _jitter = 1e-9

    def __init__(self, x: Floats, y: Floats) -> None:
        z = self._standardise(y)
        distances = np.sqrt(squared_distances(x, x))
        best, chosen = -math.inf, (_GRID_LENGTHS[0], _GRID_NOISES[0])
        for length in _GRID_LENGTHS:
            kernel = matern(np.sqrt(5.0) * (distances / length))
            for noise in _GRID_NOISES:
                factor = np.linalg.cholesky(kernel + (noise + self._jitter) * np.eye(len(z)))
                half = np.linalg.solve(factor, z)
                # RW eq. 2.30 without its constant
                evidence = -0.5 * float(half @ half) - float(np.log(np.diag(factor)).sum())
                if evidence > best:
                    best, chosen = evidence, (length, noise)
        self._length, noise = chosen
        self._condition(x, z, noise=noise + self._jitter)

    def _kernel(self, a: Floats, b: Floats) -> Floats:
        distances = np.sqrt(squared_distances(a, b))
        return matern(np.sqrt(5.0) * (distances / self._length))


_erf = np.vectorize(math.erf, otypes=[np.float64])


def normal_probability(u: Floats) -> Floats:
    """That a standard normal value is at most ``u``, of the same shape."""
    return np.asarray(0.5 * (1.0 + _erf(u / math.sqrt(2.0))))


def log_normal_probability(u: Floats) -> Floats:
    """Log of `normal_probability`; its leading term far below 0."""
    near = np.log(np.maximum(normal_probability(u), 1e-300))
    far = -0.5 * u**2 - np.log(np.maximum(np.abs(u), 1.0)) - 0.5 * math.log(2.0 * math.pi)
    return np.where(u > -6.0, near, far)


def log_expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    """Log of the expected improvement over ``best``, of shape (n,); larger means are better.

    Ament et al. (2023), eq. 8; far below ``best``, where the sum in it cancels out, the leading
    term of its expansion, density / u^2.
    """
    u = (mean - best) / deviation
    density = np.exp(-0.5 * u**2) / math.sqrt(2.0 * math.pi)
    near = np.log(np.maximum(u * normal_probability(u) + density, 1e-300))
    far = -0.5 * u**2 - 2.0 * np.log(np.maximum(np.abs(u), 1.0)) - 0.5 * math.log(2.0 * math.pi)
    return np.asarray(np.log(deviation) + np.where(u > -6.0, near, far))


def next_steps(n_trials: int) -> int:
    """Steps of a fit that goes on from the one before.

    Beyond 50 trials they become fewer, for a step takes time with their square and more.
    """
    return max(_LEAST_STEPS, min(_NEXT_STEPS, _NEXT_STEPS * _ALL_STEPS_UP_TO // n_trials))
