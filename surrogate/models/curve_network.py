"""An ensemble of the paper's networks that gives the control points of all curves.

References:
    Dou et al. (2023), EA-HAS-Bench, section 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models.two_encoder_network import TwoEncoderNetwork

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CurveNetworks:
    """The mean of two-encoder networks.

    Made by :func:`surrogate.fitting.network.fit_networks`; evaluated in NumPy, in double precision.

    Args:
        network: Gives the first and last value of each curve by sigmoids, then everything else.
        order: Array of shape (n_outputs,): which of these each output is.
        scale: Array of shape (n_outputs,): by what each output is multiplied.

    Raises:
        ValueError: If the shapes do not fit together.
    """

    network: TwoEncoderNetwork
    order: NDArray[np.intp]
    scale: Floats

    def __post_init__(self) -> None:
        n_outputs = self.network.out_dim
        if self.scale.shape != (n_outputs,) or sorted(self.order.tolist()) != [*range(n_outputs)]:
            raise ValueError(
                f"networks with {n_outputs} outputs must have a place and a scale for each but got "
                f"{self.order.tolist()} and {self.scale.shape}."
            )

    @property
    def n_features(self) -> int:
        """Columns of the input."""
        return self.network.n_features

    @property
    def n_outputs(self) -> int:
        """Numbers predicted for a row."""
        return len(self.order)

    def predict(self, X: Floats) -> Floats:
        """Outputs of shape (n, n_outputs) for features of shape (n, n_features)."""
        out = np.empty((len(X), len(self.order)))
        for start in range(0, len(X), _ROWS_PER_CHUNK):
            chunk = slice(start, start + _ROWS_PER_CHUNK)
            found = self.network.predict(X[chunk]).mean(axis=0)
            np.multiply(found.take(self.order, axis=1), self.scale, out=out[chunk])
        return out

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Named arrays, weights in single precision."""
        weights = {n: a.astype(np.float32) for n, a in self.network.to_arrays().items()}
        return {**weights, "order": self.order.astype(np.uint8), "scale": self.scale}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> CurveNetworks:
        """The networks of these arrays.

        Raises:
            KeyError: If ``order`` or ``scale`` is missing.
            ValueError: If another array is missing or does not fit.
        """
        # In double precision a query is equal to its row in a batch.
        weights = {n: a.astype(np.float64) for n, a in arrays.items() if n not in _OTHERS}
        return cls(
            network=TwoEncoderNetwork.from_arrays(weights, endpoint_scale=1.0),
            order=arrays["order"].astype(np.intp),
            scale=arrays["scale"],
        )


_OTHERS = ("order", "scale")
_ROWS_PER_CHUNK = 64
"""Rows predicted together: in the cache, and too few for BLAS to wake other threads for."""
