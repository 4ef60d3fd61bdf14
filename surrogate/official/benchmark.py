"""An imported official surrogate that can be queried."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surrogate.arguments import as_configs, check_seed
from surrogate.models.trees import Trees
from surrogate.models.two_encoder_network import TwoEncoderNetwork
from surrogate.official.encoding import encode, encode_one
from surrogate.official.intersect import curve_values
from surrogate.records import Complexity, Run
from surrogate.space import regnet
from surrogate.space.task import ARCHITECTURE
from surrogate.space.tasks import get_space, get_task
from surrogate.space.validation import checked, checked_columns

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Floats = NDArray[np.float64]

COSTS = ("energy", "inference_energy", "runtime")
_QUANTITY = dict(zip(COSTS, ("energy_kwh", "inference_energy_kwh", "runtime_s"), strict=True))
_WH_PER_KWH = 1000.0
_CONFIGS_PER_CHUNK = 64
_MOST_POINT = 1e9
"""Control points are percent and epochs; curves of larger ones would leave the range of floats."""


@dataclass(frozen=True, kw_only=True)
class OfficialBenchmark:
    """The official models, evaluated as upstream evaluates them; made by :func:`surrogate.load`.

    Upstream models one curve: the top-1 error, in percent, of the exponential moving average of
    the weights on the *test* set. It becomes ``test_accuracy``; the other curves are None. The
    mean over the ensemble's members is taken of the curves. Energies are per epoch and in Wh,
    whatever upstream's labels say, and become cumulative kWh.

    Args:
        task: ``"cifar10"`` or ``"tinyimagenet"``.
        network: The ensemble that predicts Bezier control points.
        costs: Which of :data:`COSTS` the trees predict, in the order of their outputs: Wh per
            epoch, Wh per pass over the validation set, s per epoch.
        trees: The mean over the members of each.
        provenance: Where the numbers come from.
    """

    task: str
    network: TwoEncoderNetwork
    costs: tuple[str, ...]
    trees: Trees
    provenance: Mapping[str, Any]

    @cached_property
    def space(self) -> ConfigurationSpace:
        """The joint space of the task."""
        return get_space(self.task)

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """Predict the training of a configuration, as long as its ``max_epoch``.

        Args:
            config: Any mapping or ConfigSpace configuration.
            seed: Draw a plausible curve, always the same for this configuration and seed: the mean
                plus a random combination of the members' deviations from it. Without one, or with
                an ensemble of one, the mean.

        Raises:
            ValueError: If the configuration is not in the space or the seed is negative.
        """
        check_seed(seed)
        plain = checked(config, self.task)
        X = encode_one(plain)
        n_epochs = plain["max_epoch"]
        error = self._error(self._members(X, n_epochs), [plain.values()], seed)
        size = regnet.complexity(plain, get_task(self.task).trunk)
        return _runs(error, self._costs(X), [size])[0]

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> list[Run]:
        """The same for many configurations, far faster: ``[query(c, seed=seed) for c in configs]``.

        Raises:
            ValueError: If a configuration is not in the space or the seed is negative.
        """
        check_seed(seed)
        configs = as_configs(configs)
        if not configs:
            return []
        columns = checked_columns(configs, self.task)
        X = encode(columns)
        costs = self._costs(X)
        architecture = [np.array(columns[name]) for name in ARCHITECTURE]
        sizes = [
            Complexity(params=params, flops=flops, activations=activations)
            for params, flops, activations in regnet.count(
                *architecture, trunk=get_task(self.task).trunk
            ).T.tolist()
        ]
        rows = list(zip(*columns.values(), strict=True))
        runs: list[Any] = [None] * len(configs)
        for places in _chunks(columns["max_epoch"]):
            members = self._members(X[places], columns["max_epoch"][places[0]])
            error = self._error(members, [rows[i] for i in places], seed)
            chosen = {name: column[places] for name, column in costs.items()}
            found = _runs(error, chosen, [sizes[i] for i in places])
            for i, run in zip(places, found, strict=True):
                runs[i] = run
        return runs

    def error_percent(self, configs: Sequence[Mapping[str, Any]]) -> list[Floats]:
        """Upstream's own output for each configuration: test error in percent, not clipped.

        Raises:
            ValueError: If a configuration is not in the space.
        """
        configs = as_configs(configs)
        columns = checked_columns(configs, self.task)
        X = encode(columns)
        out: list[Any] = [None] * len(configs)
        for places in _chunks(columns["max_epoch"]):
            errors = self._members(X[places], columns["max_epoch"][places[0]]).mean(axis=0)
            for i, error in zip(places, errors, strict=True):
                out[i] = error
        return out

    def _costs(self, X: Floats) -> dict[str, Floats]:
        """Per-epoch costs, kWh and s. A tree ensemble can fall below 0: no training costs less."""
        predicted = np.maximum(self.trees.predict(X), 0.0).T if self.costs else np.empty((0, 0))
        if not np.isfinite(predicted).all():
            raise ValueError("the imported trees have no finite output: import them again.")
        return {
            name: column if name == "runtime" else column / _WH_PER_KWH
            for name, column in zip(self.costs, predicted, strict=True)
        }

    def _members(self, X: Floats, n_epochs: int) -> Floats:
        """Errors of every member in percent, of shape (n_members, n, n_epochs)."""
        with np.errstate(over="ignore", invalid="ignore"):  # checked in the next line
            points = self.network.predict(X)
        if not np.abs(points).max(initial=0.0) <= _MOST_POINT:
            raise ValueError(
                f"the imported network must give control points below {_MOST_POINT:.0e} but does "
                "not: import it again."
            )
        n_members, n, out_dim = points.shape
        curves = curve_values(points.reshape(-1, out_dim), n_epochs)
        return curves.reshape(n_members, n, n_epochs)

    def _error(self, members: Floats, values: Sequence[Iterable[Any]], seed: int | None) -> Floats:
        """The mean over the members, or with a seed a draw, of shape (n, n_epochs)."""
        error: Floats = members.mean(axis=0)
        if seed is not None:
            for i, row in enumerate(values):
                rng = np.random.default_rng([int(seed), zlib.crc32(repr(tuple(row)).encode())])
                weights = rng.standard_normal(len(members)) / np.sqrt(max(1, len(members) - 1))
                error[i] += weights @ (members[:, i] - error[i])
        return error


def _chunks(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of configurations of one length, few at a time."""
    for n_epochs in sorted(set(lengths)):
        places = [i for i, length in enumerate(lengths) if length == n_epochs]
        for start in range(0, len(places), _CONFIGS_PER_CHUNK):
            yield places[start : start + _CONFIGS_PER_CHUNK]


def _runs(
    error: Floats, costs: Mapping[str, Floats], complexities: Sequence[Complexity]
) -> list[Run]:
    accuracy = np.clip(1.0 - error / 100.0, 0.0, 1.0)
    epochs = np.arange(1.0, accuracy.shape[1] + 1.0)
    energy, runtime = (
        costs[name][:, None] * epochs if name in costs else [None] * len(accuracy)
        for name in ("energy", "runtime")
    )
    passes = costs.get("inference_energy")
    known = ["test_accuracy", *(_QUANTITY[name] for name in costs)]
    return [
        Run(
            train_accuracy=None,
            val_accuracy=None,
            test_accuracy=accuracy[i],
            energy_kwh=energy[i],
            runtime_s=runtime[i],
            inference_energy_kwh=None if passes is None else float(passes[i]),
            complexity=complexity,
            provenance=dict.fromkeys(known, "imported"),
        )
        for i, complexity in enumerate(complexities)
    ]
