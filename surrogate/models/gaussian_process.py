"""Gaussian-process regression as arrays: what is learnt better than by trees from few trainings."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CELLS_PER_CHUNK = 200_000
"""Distances computed together, so that the temporaries stay small."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """The mean of a Gaussian process with a Matern-5/2 kernel, a length for each feature.

    Args:
        points: Features of the trainings learnt from, divided by the lengths; (n, n_features).
        length: Array of shape (n_features,); infinite for a feature that does not count.
        weight: Array of shape (n, n_outputs).
        base: Mean of each output, of shape (n_outputs,).

    Raises:
        ValueError: If the shapes do not fit together.
    """

    points: Floats
    length: Floats
    weight: Floats
    base: Floats

    def __post_init__(self) -> None:
        n, n_features = self.points.shape
        if self.length.shape != (n_features,) or self.weight.shape != (n, len(self.base)):
            raise ValueError(
                f"a kernel of {n} points with {n_features} features must have as many lengths and "
                f"weights but got {self.length.shape} and {self.weight.shape}."
            )
        object.__setattr__(self, "_squares", np.einsum("ij,ij->i", self.points, self.points))

    def predict(self, X: Floats) -> Floats:
        """Outputs of shape (n, n_outputs) for features of shape (n, n_features)."""
        rows = max(1, _CELLS_PER_CHUNK // len(self.points))
        if len(X) > rows:
            parts = [self.predict(X[i : i + rows]) for i in range(0, len(X), rows)]
            return np.concatenate(parts)
        Z = X / self.length
        squares: Floats = self._squares  # type: ignore[attr-defined]
        r2 = (Z @ self.points.T) * -2.0
        r2 += squares
        r2 += np.einsum("ij,ij->i", Z, Z)[:, None]
        np.maximum(r2, 0.0, out=r2)
        r2 *= 5.0
        r = np.sqrt(r2)
        r2 /= 3.0
        r2 += r
        r2 += 1.0
        np.negative(r, out=r)
        np.exp(r, out=r)
        r2 *= r
        return np.asarray(r2 @ self.weight + self.base)

    def to_arrays(self) -> dict[str, Floats]:
        """Named arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> Kernel:
        """The kernel of these arrays.

        Raises:
            KeyError: If one is missing.
        """
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def fit_kernel(
    X: Floats, targets: Floats, *, like: Sequence[int], most: int = 600, seed: int = 0
) -> Kernel:
    """One kernel for all outputs, whose lengths and noise maximise the likelihood of some.

    Needs scikit-learn.

    Args:
        X: Features of shape (n, n_features).
        targets: Array of shape (n, n_outputs).
        like: Columns of the targets whose likelihood counts.
        most: Lengths are learnt from at most so many trainings, which takes them cubed.
        seed: Seed of which.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    spread = X.std(axis=0)
    used = spread > 0.0
    Z = X[:, used] / spread[used]
    base, scale = targets.mean(axis=0), np.maximum(targets.std(axis=0), 1e-9)
    y = (targets - base) / scale
    matern = Matern(np.full(Z.shape[1], 3.0), (1.0, 30.0), nu=2.5)
    prior = ConstantKernel(1.0, (0.1, 100.0)) * matern + WhiteKernel(0.1, (1e-3, 1.0))
    chosen = np.sort(np.random.default_rng(seed).permutation(len(Z))[:most])
    process = GaussianProcessRegressor(prior, random_state=seed)
    with warnings.catch_warnings():  # a feature that counts little has a length at its bound
        warnings.simplefilter("ignore", ConvergenceWarning)
        learnt = process.fit(Z[chosen], y[chosen][:, list(like)]).kernel_
    variance = math.exp(learnt.theta[0])
    weight = np.linalg.solve(learnt(Z), y) * variance * scale  # the noise is on the diagonal
    length = np.full(X.shape[1], np.inf)
    length[used] = spread[used] * np.exp(learnt.theta[1:-1])
    return Kernel(points=X / length, length=length, weight=weight, base=base)
