"""Forward pass of the paper's two-encoder network, in numpy, for a whole ensemble at once.

References:
    Dou et al. (2023), EA-HAS-Bench, section 4.1, and its published code (order of layers).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]

LAYERS = ("architecture", "training", "hidden0", "hidden1", "hidden2", "endpoints", "inner")
"""The layers in the order they are applied; each has a ``.weight`` and a ``.bias``."""


@dataclass(frozen=True, slots=True)
class TwoEncoderNetwork:
    """Control points of Bezier curves from an encoded configuration.

    Two ReLU encoders of width h, one for the architecture's features and one for the training's,
    are concatenated (2 h), go through three ReLU layers of width h and end in two linear heads.
    Dropout, which the network is trained with, does nothing here. The arithmetic has the precision
    of the weights (upstream: float32).

    Example:
        >>> network = TwoEncoderNetwork.from_arrays(arrays)        # doctest: +SKIP
        >>> network.predict(X).shape                               # doctest: +SKIP
        (n_members, n_configs, out_dim)

    Args:
        layers: Weight (n_members, n_in, n_out) and bias (n_members, 1, n_out) of each of
            :data:`LAYERS`. Use :meth:`from_arrays`, which checks them.
        endpoint_scale: The endpoints are this times a sigmoid; 100 for values in percent.
    """

    layers: tuple[tuple[Weights, Weights], ...]
    endpoint_scale: float = 100.0

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, Weights], *, prefix: str = "", endpoint_scale: float = 100.0
    ) -> TwoEncoderNetwork:
        """The network of ``arrays[prefix + "hidden0.weight"]`` and so on.

        Args:
            arrays: For each of :data:`LAYERS` a weight of shape (n_out, n_in), as torch keeps it,
                and a bias of shape (n_out,); or both with a first axis over ensemble members.
            prefix: Put before every name.
            endpoint_scale: See the class.

        Raises:
            ValueError: If an array is missing, not finite, or does not fit the others.
        """
        layers = tuple(_layer(arrays, prefix + name) for name in LAYERS)
        _check_shapes(layers)
        return cls(layers, endpoint_scale)

    def to_arrays(self, *, prefix: str = "") -> dict[str, Weights]:
        """What :meth:`from_arrays` reads, with the axis over members."""
        arrays = {}
        for name, (weight, bias) in zip(LAYERS, self.layers, strict=True):
            arrays[f"{prefix}{name}.weight"] = weight.swapaxes(1, 2)
            arrays[f"{prefix}{name}.bias"] = bias[:, 0]
        return arrays

    @property
    def n_members(self) -> int:
        """Networks in the ensemble."""
        return len(self.layers[0][0])

    @property
    def hidden_width(self) -> int:
        """Width h of the encoders and the hidden layers."""
        return int(self.layers[0][0].shape[2])

    @property
    def out_dim(self) -> int:
        """Numbers that describe the curve or curves, twice the degree of a single one."""
        return self.n_endpoints + int(self.layers[-1][0].shape[2])

    @property
    def n_endpoints(self) -> int:
        """How many of them are sigmoids, the first and last value of each curve."""
        return int(self.layers[-2][0].shape[2])

    @property
    def n_features(self) -> int:
        """Columns of the input, the architecture's features, then the training's."""
        return int(self.layers[0][0].shape[1] + self.layers[1][0].shape[1])

    def predict(self, X: NDArray[np.floating[Any]]) -> Floats:
        """Control points of every member.

        Args:
            X: Array of shape (n_configs, n_features).

        Returns:
            Array of shape (n_members, n_configs, out_dim): first and last values, then the others
            (upstream: inner x, inner y).
        """
        (wa, ba), (wt, bt), *hidden, (we, be), (wi, bi) = self.layers
        X = X.astype(wa.dtype)
        n_arch = wa.shape[1]
        encoded = (X[:, :n_arch] @ wa + ba, X[:, n_arch:] @ wt + bt)
        h = np.maximum(np.concatenate(encoded, axis=2), 0.0)
        for weight, bias in hidden:
            h = h @ weight
            h += bias
            np.maximum(h, 0.0, out=h)
        sigmoid = 0.5 + 0.5 * np.tanh(0.5 * (h @ we + be))
        points = np.concatenate([self.endpoint_scale * sigmoid, h @ wi + bi], axis=2)
        return points.astype(np.float64)


def _layer(arrays: Mapping[str, Weights], name: str) -> tuple[Weights, Weights]:
    weight, bias = (_array(arrays, f"{name}.{part}") for part in ("weight", "bias"))
    if weight.ndim == 2:
        weight, bias = weight[None], bias[None]
    if weight.ndim != 3 or bias.shape != weight.shape[:2]:
        raise ValueError(
            f"{name}: weight must have shape (n_out, n_in) or (n_members, n_out, n_in) and bias "
            f"the same without n_in, but got {weight.shape} and {bias.shape}."
        )
    return np.ascontiguousarray(weight.swapaxes(1, 2)), np.ascontiguousarray(bias[:, None])


def _array(arrays: Mapping[str, Weights], name: str) -> Weights:
    if name not in arrays:
        raise ValueError(f"a two-encoder network needs an array {name!r}, which is missing.")
    array = np.asarray(arrays[name])
    if array.dtype not in (np.float32, np.float64) or not np.isfinite(array).all():
        raise ValueError(f"{name} must hold finite float32 or float64 but got {array.dtype}.")
    return array


def _check_shapes(layers: tuple[tuple[Weights, Weights], ...]) -> None:
    shapes = {name: weight.shape for name, (weight, _) in zip(LAYERS, layers, strict=True)}
    m, _, h = shapes["architecture"]
    fits = {
        "architecture": (m, shapes["architecture"][1], h),
        "training": (m, shapes["training"][1], h),
        "hidden0": (m, 2 * h, h),
        "hidden1": (m, h, h),
        "hidden2": (m, h, h),
        "endpoints": (m, h, shapes["endpoints"][2]),
        "inner": (m, h, shapes["inner"][2]),
    }
    for name, shape in shapes.items():
        if shape != fits[name] or 0 in shape:
            raise ValueError(
                f"{name} must map {fits[name][1]} to {fits[name][2]} values for each of {m} "
                f"members, at least one of each, but got (members, in, out) = {shape}."
            )
