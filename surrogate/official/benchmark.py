"""An imported official surrogate that can be queried."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray

from surrogate import regnet
from surrogate.columns import checked_columns
from surrogate.network import TwoEncoderNetwork
from surrogate.official.encoding import encode
from surrogate.official.intersect import curve_values
from surrogate.records import Complexity, Run
from surrogate.space import ARCHITECTURE, check, get_space, get_task
from surrogate.trees import Trees

Floats = NDArray[np.float64]

COSTS = ("energy", "inference_energy", "runtime")
_WH_PER_KWH = 1000.0
_CONFIGS_PER_CHUNK = 256


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
    space: ConfigurationSpace = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", get_space(self.task))

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
        return self.query_many([check(config, self.task)], seed=seed)[0]

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> list[Run]:
        """The same for many configurations, far faster: ``[query(c, seed=seed) for c in configs]``.

        Raises:
            ValueError: If a configuration is not in the space or the seed is negative.
        """
        if seed is not None and not seed >= 0:
            raise ValueError(f"seed must not be negative but got {seed!r}.")
        if not configs:
            return []
        columns = checked_columns(configs, self.task)
        X = encode(columns)
        costs = self._costs(X)
        passes = costs.get("inference_energy")
        architecture = [np.array(columns[name]) for name in ARCHITECTURE]
        sizes = regnet.count(*architecture, trunk=get_task(self.task).trunk)
        rows = None if seed is None else list(zip(*columns.values(), strict=True))
        runs: list[Any] = [None] * len(configs)
        for places, members in self._member_curves(X, columns["max_epoch"]):
            error = members.mean(axis=0)
            if rows is not None and seed is not None:
                for i, place in enumerate(places.tolist()):
                    error[i] += _deviation(members[:, i], error[i], seed, rows[place])
            accuracy = np.clip(1.0 - error / 100.0, 0.0, 1.0)
            epochs = np.arange(1, accuracy.shape[1] + 1)
            curves = {
                name: costs[name][places, None] * epochs if name in costs else None
                for name in ("energy", "runtime")
            }
            for i, place in enumerate(places.tolist()):
                params, flops, activations = sizes[:, place].tolist()
                runs[place] = Run(
                    train_accuracy=None,
                    val_accuracy=None,
                    test_accuracy=accuracy[i],
                    energy_kwh=_row(curves["energy"], i),
                    runtime_s=_row(curves["runtime"], i),
                    inference_energy_kwh=None if passes is None else float(passes[place]),
                    complexity=Complexity(params=params, flops=flops, activations=activations),
                )
        return runs

    def error_percent(self, configs: Sequence[Mapping[str, Any]]) -> list[Floats]:
        """Upstream's own output for each configuration: test error in percent, not clipped."""
        columns = checked_columns(configs, self.task)
        out: list[Any] = [None] * len(configs)
        for places, members in self._member_curves(encode(columns), columns["max_epoch"]):
            for i, place in enumerate(places.tolist()):
                out[place] = members[:, i].mean(axis=0)
        return out

    def _costs(self, X: Floats) -> dict[str, Floats]:
        """Per-epoch costs, kWh and s. A tree ensemble can fall below 0: no training costs less."""
        predicted = np.maximum(self.trees.predict(X), 0.0).T if self.costs else ()
        return {
            name: column if name == "runtime" else column / _WH_PER_KWH
            for name, column in zip(self.costs, predicted, strict=True)
        }

    def _member_curves(
        self, X: Floats, lengths: Sequence[int]
    ) -> Iterator[tuple[NDArray[np.intp], Floats]]:
        """For chunks of configurations of one length: their places, and the members' errors."""
        for n_epochs in sorted(set(lengths)):
            of_length = np.flatnonzero(np.asarray(lengths) == n_epochs)
            for start in range(0, len(of_length), _CONFIGS_PER_CHUNK):
                places = of_length[start : start + _CONFIGS_PER_CHUNK]
                with np.errstate(over="ignore", invalid="ignore"):  # checked in the next line
                    points = self.network.predict(X[places])
                if not np.isfinite(points).all():
                    raise ValueError("the imported network has no finite output: import it again.")
                n_members, n, out_dim = points.shape
                curves = curve_values(points.reshape(-1, out_dim), n_epochs)
                yield places, curves.reshape(n_members, n, n_epochs)


def _deviation(members: Floats, mean: Floats, seed: int, values: tuple[Any, ...]) -> Floats:
    """Array of shape (n_epochs,): a random combination of the members' deviations."""
    rng = np.random.default_rng([int(seed), zlib.crc32(repr(values).encode())])
    weights = rng.standard_normal(len(members)) / np.sqrt(max(1, len(members) - 1))
    return np.asarray(weights @ (members - mean))


def _row(curves: Floats | None, i: int) -> Floats | None:
    return None if curves is None else curves[i]
