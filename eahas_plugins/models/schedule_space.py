"""Configurations with a length of training, as a model sees them: positions, levels, features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eahas_plugins.models.axes import Axis, filled, neighbours
from eahas_plugins.models.gaussian_process import ArdProcess
from eahas_plugins.models.length import level_of
from eahas_plugins.models.tried import Tried

Floats = NDArray[np.float64]


class Prior(Protocol):
    """What is said of values before there are any, as one more feature of a model."""

    @property
    def process(self) -> type[ArdProcess]:
        """The process that knows what its last feature is."""

    def learn(self, positions: Floats, levels: Floats, rewards: Floats) -> None:
        """Look at values, larger is better, at positions and levels, of shape (n,)."""

    def __call__(self, positions: Floats, levels: Floats) -> Floats:
        """Array of shape (n, 1)."""


class ScheduleSpace:
    """Parameters, one of which may be the length of a training.

    Args:
        axes: All parameters.
        fidelity_param: The one that is the schedule, if there is one.
        schedules: Its values, shortest first, if the trials have it.
    """

    def __init__(
        self,
        axes: Mapping[str, Axis],
        fidelity_param: str | None,
        schedules: Sequence[Any] | None,
    ) -> None:
        self.fidelity = fidelity_param or ""
        """The name of the schedule."""
        # With nothing else to choose, the schedule is a parameter like any other.
        usable = schedules is not None and self.fidelity in axes and len(axes) > 1
        self.schedules: Sequence[Any] = schedules if usable and schedules is not None else ()
        """Its values, shortest first; none where it is not told apart."""
        self.axes = dict(axes)
        """The parameters without the schedule."""
        if self.multi_fidelity:
            self.length = self.axes.pop(self.fidelity)
        self.prior: Prior | None = None
        """What is said of values beforehand."""

    @property
    def multi_fidelity(self) -> bool:
        """Whether there are schedules to choose from."""
        return len(self.schedules) > 1

    def features(self, positions: Floats, levels: Floats) -> Floats:
        """What a process learns from, of shape (n, n_features)."""
        positions = filled(positions)
        blocks = [axis.features(positions[:, i]) for i, axis in enumerate(self.axes.values())]
        if self.multi_fidelity:
            blocks.append(levels[:, None])
        if self.prior is not None:
            blocks.append(self.prior(positions, levels))
        return np.concatenate(blocks, axis=1)

    def levels_of(self, configs: Sequence[Mapping[str, Any]]) -> Floats:
        """0 for the shortest schedule, 1 for the longest, of shape (n,)."""
        if not self.multi_fidelity:
            return np.zeros(len(configs))
        return np.array([level_of(c.get(self.fidelity), self.schedules) for c in configs])

    def starts(self, parents: Floats, n: int, rng: np.random.Generator) -> Floats:
        """Where a climb begins: two thirds at random, the others near these configurations."""
        axes = list(self.axes.values())
        drawn = rng.random((n - n // 3, len(axes)))
        return np.concatenate([drawn, filled(neighbours(parents, axes, n // 3, rng))])

    def params_at(self, position: Floats, schedule: int) -> dict[str, Any]:
        """The parameters at a position, shape (n_axes,), with the schedule of that index."""
        axes = self.axes.items()
        params = {n: axis.value(float(p)) for (n, axis), p in zip(axes, position, strict=True)}
        if self.multi_fidelity:
            params[self.fidelity] = self.schedules[schedule]
        return params

    def shortest_columns(self, positions: Floats) -> dict[str, Floats]:
        """Internal values, with the shortest schedule; NaN where a position is."""
        values = np.where(np.isnan(positions), np.nan, self.values_at(positions))
        columns = {name: values[:, column] for column, name in enumerate(self.axes)}
        if self.multi_fidelity:
            shortest = self.length.internal_of(self.schedules[0])
            columns[self.fidelity] = np.full(len(positions), shortest)
        return columns

    @property
    def is_finite(self) -> bool:
        """Whether no parameter is continuous, so that a configuration may come up again."""
        return all(axis.least_step > 0.0 for axis in self.axes.values())

    def tried(self, before: Floats) -> Callable[[Floats], NDArray[np.bool_]]:
        """Tells which positions are among those before."""
        known = np.where(np.isnan(before), np.nan, self.values_at(before))
        # of more values than that some might differ by rounding
        countable = all(axis.least_step > 1e-9 for axis in self.axes.values())
        among = Tried(known, countable=countable)
        return lambda positions: among(self.values_at(positions))

    def values_at(self, positions: Floats) -> Floats:
        """Internal values, of the same shape."""
        known = filled(positions)
        columns = [axis.internal(known[:, i]) for i, axis in enumerate(self.axes.values())]
        return np.stack(columns, axis=1)
