"""Costs learnt from measurements: a linear model, and a Gaussian process of what it misses.

Logarithms of costs are nearly linear in those of what is computed, so that networks larger than
all that were measured, which did not fit into memory, cost more than those: a Gaussian process
alone takes them for average ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surrogate.models.gaussian_process import Kernel

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CostModel:
    """The sum of both.

    Args:
        linear: Array of shape (n_features, n_outputs).
        kernel: Predicts what is left.

    Raises:
        ValueError: If the shapes do not fit together.
    """

    linear: Floats
    kernel: Kernel

    def __post_init__(self) -> None:
        shape = (self.kernel.n_features, self.kernel.n_outputs)
        if self.linear.shape != shape:
            raise ValueError(f"linear must have shape {shape} but has {self.linear.shape}.")

    @property
    def n_features(self) -> int:
        """Columns of the input."""
        return self.kernel.n_features

    @property
    def n_outputs(self) -> int:
        """Numbers predicted for a row."""
        return self.kernel.n_outputs

    def predict(self, X: Floats) -> Floats:
        """Outputs of shape (n, n_outputs) for features of shape (n, n_features)."""
        return np.asarray(X @ self.linear + self.kernel.predict(X))

    def to_arrays(self) -> dict[str, Floats]:
        """Named arrays."""
        return {"linear": self.linear, **self.kernel.to_arrays()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> CostModel:
        """The model of these arrays.

        Raises:
            KeyError: If one is missing.
            ValueError: If they do not fit together.
        """
        return cls(linear=arrays["linear"], kernel=Kernel.from_arrays(arrays))
