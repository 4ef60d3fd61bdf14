"""Non-uniform priors for ordinal hyperparameters, which ConfigSpace does not offer itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ConfigSpace import OrdinalHyperparameter

Floats = NDArray[np.float64]


def log_uniform_weights(values: Sequence[float]) -> tuple[float, ...]:
    """Prior of an evenly stepped grid when a log-uniform draw is rounded up to the next step."""
    grid = np.asarray(values, dtype=np.float64)
    edges = np.concatenate([[2.0 * grid[0] - grid[1]], grid])
    if not edges[0] > 0.0:  # the cell below the first value would reach zero
        edges[0] = grid[0] ** 2 / grid[1]
    mass = np.diff(np.log(edges))
    return tuple((mass / mass.sum()).tolist())


def set_prior(parameter: OrdinalHyperparameter, weights: Sequence[float]) -> None:
    """Let ``sample_configuration`` draw this ordinal's values with these weights.

    ConfigSpace has no public way to do so; its distribution object is replaced (checked with
    ConfigSpace 1.2.2). Pickling keeps the prior, ConfigSpace's JSON does not.

    Raises:
        RuntimeError: If this ConfigSpace keeps its distribution elsewhere.
    """
    if not hasattr(parameter, "_vector_dist"):
        raise RuntimeError(
            "this ConfigSpace keeps priors elsewhere: install 'ConfigSpace>=1.2,<1.3'."
        )
    parameter._vector_dist = WeightedPositions(tuple(weights))  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class WeightedPositions:
    """Distribution over the positions 0 .. n-1 (ConfigSpace's ``Distribution`` protocol).

    It equals any distribution over the same positions: ConfigSpace's JSON cannot hold a prior, and
    a space that SMAC saved and read back must be equal to the one it saved.
    """

    weights: tuple[float, ...]

    def __eq__(self, other: object) -> bool:
        from ConfigSpace.hyperparameters.distributions import UniformIntegerDistribution

        if not isinstance(other, UniformIntegerDistribution | WeightedPositions):
            return NotImplemented
        return float(other.upper_vectorized) == float(self.upper_vectorized)

    def __hash__(self) -> int:
        return hash(len(self.weights))

    @property
    def _probabilities(self) -> Floats:
        weights = np.asarray(self.weights, dtype=np.float64)
        probabilities: Floats = weights / weights.sum()
        return probabilities

    @property
    def lower_vectorized(self) -> np.float64:
        """The first position."""
        return np.float64(0)

    @property
    def upper_vectorized(self) -> np.float64:
        """The last position."""
        return np.float64(len(self.weights) - 1)

    def sample_vector(self, n: int, seed: np.random.RandomState | None = None) -> Floats:
        """``n`` positions."""
        rng = np.random.RandomState() if seed is None else seed
        edges = np.cumsum(self._probabilities)[:-1]  # far faster than choice(p=...)
        return np.searchsorted(edges, rng.uniform(size=n), side="right").astype(np.float64)

    def max_density(self) -> float:
        """The largest probability."""
        return float(self._probabilities.max())

    def pdf_vector(self, vector: Floats) -> Floats:
        """Probability of each position; 0 where it is not one."""
        positions = np.rint(vector).astype(np.int64)
        legal = (positions == vector) & (positions >= 0) & (positions < len(self.weights))
        safe = np.where(legal, positions, 0)
        return np.where(legal, self._probabilities[safe], 0.0)
