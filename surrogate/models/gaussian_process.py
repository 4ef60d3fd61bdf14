"""Gaussian-process regression as arrays: what is learnt better than by trees from few trainings.

References:
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning: the mean of the
    prediction (eq. 2.25) and the Matern kernel with nu = 5/2 (eq. 4.17).
"""

from __future__ import annotations

from collections.abc import Mapping
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
        if self.points.ndim != 2 or self.base.ndim != 1 or not len(self.points):
            raise ValueError("a kernel must have points of shape (n, n_features), and a base.")
        n, n_features = self.points.shape
        if self.length.shape != (n_features,) or self.weight.shape != (n, len(self.base)):
            raise ValueError(
                f"a kernel of {n} points with {n_features} features must have as many lengths and "
                f"weights but got {self.length.shape} and {self.weight.shape}."
            )
        if not (self.length > 0.0).all():
            raise ValueError("lengths of a kernel must be positive.")
        object.__setattr__(self, "_squares", np.einsum("ij,ij->i", self.points, self.points))

    @property
    def n_features(self) -> int:
        """Columns of the input."""
        return int(self.points.shape[1])

    @property
    def n_outputs(self) -> int:
        """Numbers predicted for a row."""
        return len(self.base)

    def predict(self, X: Floats) -> Floats:
        """Outputs of shape (n, n_outputs) for features of shape (n, n_features)."""
        rows = max(1, _CELLS_PER_CHUNK // len(self.points))
        if len(X) > rows:
            parts = [self.predict(X[i : i + rows]) for i in range(0, len(X), rows)]
            return np.concatenate(parts)
        # r2 = sum(((x - p) / length)^2), by x^2 - 2 x p + p^2; the points are divided already.
        Z = X / self.length
        squares: Floats = self._squares  # type: ignore[attr-defined]
        r2 = (Z @ self.points.T) * -2.0
        r2 += squares
        r2 += np.einsum("ij,ij->i", Z, Z)[:, None]
        np.maximum(r2, 0.0, out=r2)
        # (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r): Rasmussen and Williams, eq. 4.17
        r2 *= 5.0
        r = np.sqrt(r2)
        r2 /= 3.0
        r2 += r
        r2 += 1.0
        np.negative(r, out=r)
        np.exp(r, out=r)
        r2 *= r
        return np.asarray(r2 @ self.weight + self.base)  # eq. 2.25

    def to_arrays(self) -> dict[str, Floats]:
        """Named arrays."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> Kernel:
        """The kernel of these arrays.

        Raises:
            KeyError: If one is missing.
            ValueError: If they do not fit together.
        """
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})
