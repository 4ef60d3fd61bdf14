"""The fitted benchmark: learning curves, energy and runtime of any configuration of a task.

On top of a linear model, one forest with vector leaves predicts everything about a configuration
in one walk: the control points of its curves (:mod:`surrogate.models.bezier`) and the logarithms
of its costs. For the curves another model takes the place of both where it does better on held-out
trainings: a Gaussian process (:mod:`surrogate.models.gaussian_process`) or the paper's network
(:mod:`surrogate.models.curve_network`).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surrogate.arguments import as_configs, check_seed
from surrogate.models import bezier
from surrogate.models.cost_model import CostModel
from surrogate.models.curve_network import CurveNetworks
from surrogate.models.curves import read_curves
from surrogate.models.gaussian_process import Kernel
from surrogate.models.trees import Trees
from surrogate.records import QUANTITIES, Complexity, Run
from surrogate.space.features import encode, encode_one
from surrogate.space.tasks import get_space, get_task
from surrogate.space.validation import checked, checked_columns

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Floats = NDArray[np.float64]

FORMAT = "bezier-trees"
VERSION = 1
"""Of the format; a folder of another one is refused."""
CUMULATIVE = ("energy_kwh", "runtime_s")
INFERENCE = "inference_energy_kwh"
COSTS = (*CUMULATIVE, INFERENCE, *(f"{name}_first" for name in CUMULATIVE))
"""Logarithms that are predicted: per epoch, per epoch, per pass; then by what factor the first
epoch exceeds the others."""
CURVES = ("train_accuracy", "val_accuracy", "test_accuracy")


_SHARED = 0.9
"""Correlation of a run's shift with that of each of its curves: the images they are measured on
differ."""


_MOST_OUTPUT = 600.0
"""Outputs are logarithms and fractions; the exponential of 709 is no float any more."""

CurveModel = Kernel | CurveNetworks


def predict(X: Floats, *, forest: Trees, linear: Floats, curve_model: CurveModel | None) -> Floats:
    """Control values and costs of shape (n, n_outputs): see :class:`FittedBenchmark`."""
    outputs = forest.predict(X) + X @ linear
    if curve_model is not None:
        outputs = np.concatenate([curve_model.predict(X), outputs], axis=1)
    return np.asarray(outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """How repeated trainings of one configuration differ.

    Shares of ``1 - accuracy``, so that good networks differ little and poor ones much. What the
    ensemble does not know is no noise: it is left out.

    Args:
        n_members: Members of the ensemble.
        offset: Standard deviation of a whole curve's shift, as a share of ``1 - accuracy``.
        curve_jitter: Array of shape (n_curves, n_points): standard deviation of an epoch's value
            about its Bezier curve, likewise a share, at evenly spaced fractions of the schedule.
        cost_offset: Standard deviation of the log of a whole training's energy and time.
        cost_jitter: Standard deviation of the log of one epoch's energy and time.
    """

    n_members: int
    offset: float
    curve_jitter: Floats
    cost_offset: float
    cost_jitter: float


@dataclass(frozen=True, kw_only=True)
class FittedBenchmark:
    """A task that can be queried; made by :func:`surrogate.load`.

    Args:
        task: Name of the task.
        curves: Which of :data:`CURVES` are predicted, in the order of the outputs.
        costs: Which of :data:`COSTS`, likewise.
        forest: Outputs are the inner x control values (only if ``x`` is None), the y control
            values of each curve, and the costs; each is to be added to what ``linear`` says.
        linear: Array of shape (n_features, n_outputs).
        curve_model: Gives the control values in place of forest and linear model, which then give
            the costs only. None where those give everything.
        cost_model: Gives the costs, all of :data:`COSTS`, from measurements, in place of those of
            simulated trainings.
        degree: Degree of the Bezier curves.
        x: Array of shape (degree + 1,): the x control values, where they are the same for all.
        floor: Array of shape (n_curves,): the least accuracy on record; nothing lies below it.
        noise: What a seeded query adds.
        provenance: Where the numbers come from.
    """

    task: str
    curves: tuple[str, ...]
    costs: tuple[str, ...]
    forest: Trees = field(repr=False)
    linear: Floats = field(repr=False)
    curve_model: CurveModel | None = field(repr=False)
    degree: int = field(repr=False)
    x: Floats | None = field(repr=False)
    floor: Floats = field(repr=False)
    noise: Noise = field(repr=False)
    provenance: Mapping[str, Any] = field(repr=False)
    cost_model: CostModel | None = field(default=None, repr=False)
    # Cumulative costs: name, where its value per epoch is, and where that of the first epoch.
    _cumulative: tuple[tuple[str, int, int], ...] = field(init=False, repr=False)
    _kinds: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cumulative = tuple(
            (name, self.costs.index(name), self.costs.index(f"{name}_first"))
            for name in CUMULATIVE
            if name in self.costs
        )
        object.__setattr__(self, "_cumulative", cumulative)
        # A model of measured or estimated trainings predicts, one of simulated ones simulates.
        kind = "simulated" if self.provenance.get("kind") == "simulated" else "predicted"
        known = (*self.curves, *(name for name in self.costs if name in QUANTITIES))
        kinds = dict.fromkeys(known, kind)
        if self.cost_model is not None:
            kinds |= dict.fromkeys((*CUMULATIVE, INFERENCE), "predicted")
        object.__setattr__(self, "_kinds", kinds)

    @cached_property
    def space(self) -> ConfigurationSpace:
        """The joint space of the task."""
        return get_space(self.task)

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """Predict the training of a configuration, as long as its ``max_epoch``.

        Args:
            config: Any mapping or ConfigSpace configuration.
            seed: Draw a plausible run, always the same for this configuration and seed. Without
                one, the mean.

        Raises:
            ValueError: If the configuration is not in the space or the seed is negative.
        """
        plain = checked(config, self.task)
        X, size = encode_one(plain, get_task(self.task))
        n_epochs = plain["max_epoch"]
        if seed is not None:
            check_seed(seed)
            return self._draw(X, plain.values(), seed, size, n_epochs)
        return _run(self._read(self._outputs(X), n_epochs), size, self._kinds)

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> list[Run]:
        """The same for many configurations, far faster: ``[query(c, seed=seed) for c in configs]``.

        Without a seed numbers may differ from these in their last digits, for sums are then taken
        in another order.

        Raises:
            ValueError: If a configuration is not in the space or the seed is negative.
        """
        check_seed(seed)
        configs = as_configs(configs)
        if not configs:
            return []
        columns = checked_columns(configs, self.task)
        X, sizes = encode(columns, get_task(self.task))
        complexities = [
            Complexity(params=params, flops=flops, activations=activations)
            for params, flops, activations in sizes.tolist()
        ]
        lengths = columns["max_epoch"]
        if seed is not None:
            rows = zip(*columns.values(), strict=True)
            return [
                self._draw(X[i : i + 1], row, seed, complexities[i], lengths[i])
                for i, row in enumerate(rows)
            ]
        outputs = self._outputs(X)
        runs: list[Any] = [None] * len(configs)
        for n_epochs in set(lengths):
            places = [i for i, length in enumerate(lengths) if length == n_epochs]
            values = self._read(outputs[places], n_epochs)
            found = _runs(values, [complexities[i] for i in places], self._kinds)
            for i, run in zip(places, found, strict=True):
                runs[i] = run
        return runs

    def _draw(
        self, X: Floats, values: Iterable[Any], seed: int, size: Complexity, n_epochs: int
    ) -> Run:
        rng = np.random.default_rng([int(seed), zlib.crc32(repr(tuple(values)).encode())])
        return _run(self._read(self._outputs(X), n_epochs, rng), size, self._kinds)

    def _outputs(self, X: Floats) -> Floats:
        outputs = predict(X, forest=self.forest, linear=self.linear, curve_model=self.curve_model)
        if self.cost_model is not None:
            outputs[:, -len(COSTS) :] = self.cost_model.predict(X)
        # The sum of squares is the fastest test of a single row; above it, look closer.
        if (
            not np.vdot(outputs, outputs) <= _MOST_OUTPUT**2
            and not np.abs(outputs).max() <= _MOST_OUTPUT
        ):
            raise ValueError("the fitted model has no finite output: fit it again.")
        return outputs

    def _read(
        self,
        outputs: Floats,
        n_epochs: int,
        rng: np.random.Generator | None = None,
    ) -> dict[str, Any]:
        """What the outputs mean, by name of a run's field; with a generator, jittered epochs.

        Curves have shape (n, n_epochs); the inference energy is a list.
        """
        n_points = outputs.shape[1] - len(self.costs)
        curves = read_curves(outputs[:, :n_points], self.degree, self.x, n_epochs, self.floor)
        cost = np.exp(outputs[:, n_points:])
        if rng is not None:
            shared, own = rng.standard_normal(), rng.standard_normal((1, curves.shape[1], 1))
            shift = np.clip(_SHARED * shared + math.sqrt(1.0 - _SHARED**2) * own, -3.0, 3.0)
            jitter = rng.standard_normal(curves.shape) * self._curve_jitter(n_epochs)
            curves += (1.0 - curves) * (self.noise.offset * shift + jitter)
            cost[:, [at for _, at, _ in self._cumulative]] *= math.exp(
                self.noise.cost_offset * rng.standard_normal()
            )
            np.clip(curves, self.floor[:, None], 1.0, out=curves)
        values: dict[str, Any] = {name: curves[:, i] for i, name in enumerate(self.curves)}
        for name, at, at_first in self._cumulative:
            if rng is None:
                values[name] = cost[:, at, None] * (cost[:, at_first, None] + _later(n_epochs))
            else:
                steps = np.exp(rng.standard_normal(n_epochs) * self.noise.cost_jitter)
                steps[0] *= cost[0, at_first]
                values[name] = cost[:, at, None] * np.cumsum(steps)
        if INFERENCE in self.costs:
            values[INFERENCE] = cost[:, self.costs.index(INFERENCE)].tolist()
        return values

    def _curve_jitter(self, n_epochs: int) -> Floats:
        known = self.noise.curve_jitter
        at = bezier.fractions(known.shape[1])
        return np.stack([np.interp(bezier.fractions(n_epochs), at, row) for row in known])


_UNKNOWN = dict.fromkeys((*CURVES, *CUMULATIVE, INFERENCE))


def _run(values: Mapping[str, Any], complexity: Complexity, kinds: Mapping[str, str]) -> Run:
    """The first of the runs, which is faster alone."""
    known = {name: found[0] for name, found in values.items()}
    return Run(**{**_UNKNOWN, **known}, complexity=complexity, provenance=dict(kinds))


def _runs(
    values: Mapping[str, Any], complexities: Sequence[Complexity], kinds: Mapping[str, str]
) -> list[Run]:
    unknown = [None] * len(complexities)
    return [
        Run(
            train_accuracy=train,
            val_accuracy=val,
            test_accuracy=test,
            energy_kwh=energy,
            runtime_s=runtime,
            inference_energy_kwh=inference,
            complexity=complexity,
            provenance=dict(kinds),
        )
        for train, val, test, energy, runtime, inference, complexity in zip(
            *(values.get(name, unknown) for name in _UNKNOWN), complexities, strict=True
        )
    ]


@lru_cache(maxsize=64)
def _later(n_epochs: int) -> Floats:
    """How many epochs came before each, of shape (n_epochs,)."""
    before = np.arange(n_epochs, dtype=np.float64)
    before.flags.writeable = False  # it is shared
    return before
