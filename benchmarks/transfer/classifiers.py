"""Small networks that are really trained on tables, each in two spaces; their energy is estimated.

A new study searches the one space, an earlier one of another table the other: they differ in
ranges, in choices, in parameters and in the lengths of a training. A configuration is trained once
per process, and always with the same random numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer, OrdinalHyperparameter
from numpy.typing import NDArray

from benchmarks.harness.bench import SCHEDULE, config_key, plain_config
from benchmarks.harness.seeds import derive_seed
from benchmarks.problems._by_epochs import Network, cosine
from eahas_plugins.units import J_PER_KWH
from surrogate.records import Run

TABLES = ("cancer", "classes-3", "classes-5", "digits", "spirals", "wine")
NEW_TABLES = ("classes-3", "classes-5", "digits", "spirals")
"""Those on which there is something to search: of the others the first networks learn all."""
MOST_TRAIN = 800
_N_ROWS = 4000
"""Of tables that are generated."""
WATTS, STEP_S, FLOP_PER_S = 20.0, 5e-5, 5e9
"""Of the machine that the energy is estimated of."""
_DEFAULTS = {"n_layers": 1, "weight_decay": 1e-3, "noise": 0.0}

Data = tuple[NDArray[np.float32], NDArray[np.intp]]


@cache
def table(name: str) -> tuple[Data, Data, Data]:
    """A table's rows to train on, to validate on and to test on: a half and two quarters.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.
    """
    from sklearn import datasets

    if name.startswith("classes-"):
        n = int(name.removeprefix("classes-"))
        x, y = datasets.make_classification(
            _N_ROWS,
            n_features=8 * n,
            n_informative=2 * n,
            n_classes=n,
            flip_y=0.03,
            class_sep=0.9,
            random_state=n,
        )
    elif name == "spirals":
        rng = np.random.default_rng(0)
        y = rng.integers(3, size=_N_ROWS)
        way = np.sqrt(rng.random(_N_ROWS))
        angle = 2.0 * np.pi * (1.5 * way + y / 3.0)
        x = np.stack([way * np.cos(angle), way * np.sin(angle)], axis=1)
        x = x + rng.normal(scale=0.08, size=x.shape)
    else:
        load = {
            "cancer": datasets.load_breast_cancer,
            "digits": datasets.load_digits,
            "wine": datasets.load_wine,
        }[name]
        x, y = load(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x = ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)).astype(np.float32)[order]
    y = y[order].astype(np.intp)
    n_train = min(MOST_TRAIN, len(x) // 2)
    middle = n_train + (len(x) - n_train) // 2
    parts = (slice(n_train), slice(n_train, middle), slice(middle, None))
    train, val, test = ((x[part], y[part]) for part in parts)
    return train, val, test


def new_space() -> ConfigurationSpace:
    """What a new study searches."""
    space = ConfigurationSpace(name="classifiers-new")
    space.add(
        [
            Integer("n_layers", (1, 3)),
            Integer("width", (4, 128), log=True),
            Float("learning_rate", (1e-4, 0.3), log=True),
            Integer("batch_size", (8, 128), log=True),
            Float("weight_decay", (1e-4, 10.0), log=True),
            OrdinalHyperparameter(SCHEDULE, (2, 6, 18), default_value=18),
        ]
    )
    return space


def earlier_space(number: int) -> ConfigurationSpace:
    """What an earlier study has searched: one of two spaces, in turn."""
    space = ConfigurationSpace(name=f"classifiers-earlier-{number % 2}")
    if number % 2:
        space.add(
            [
                Integer("width", (8, 64), log=True),
                Float("learning_rate", (1e-3, 1.0), log=True),
                Integer("batch_size", (16, 256), log=True),
                Float("noise", (0.0, 1.0)),
                OrdinalHyperparameter(SCHEDULE, (1, 3, 12), default_value=12),
            ]
        )
    else:
        space.add(
            [
                Integer("n_layers", (1, 2)),
                Categorical("width", [8, 32, 128]),
                Float("learning_rate", (1e-4, 0.1), log=True),
                Categorical("batch_size", [16, 64]),
                Float("weight_decay", (1e-5, 1.0), log=True),
                OrdinalHyperparameter(SCHEDULE, (5, 20), default_value=20),
            ]
        )
    return space


class Classifiers:
    """Trainings on one table.

    Args:
        name: The table.
        space: What is searched.
    """

    def __init__(self, name: str, space: ConfigurationSpace) -> None:
        self.space = space
        self._name = name
        self._known: dict[str, Run] = {}
        self.provenance: dict[str, Any] = {
            "kind": "measured",
            "problem": f"{space.name}-{name}",
            "data_set": f"scikit-learn's {name}",
            "energy": "estimated",
            "meter": {"kind": "estimated", "name": f"operations and steps x {WATTS:g} W"},
            "curves": "every training was run; test is a part of the data that no method sees",
        }

    def query(self, config: Mapping[str, Any], *, seed: int | None = None) -> Run:
        """A training; ``seed`` changes nothing: its random numbers follow from what is trained."""
        key = config_key(config)
        if key not in self._known:
            self._known[key] = self._train(plain_config(config), key)
        return self._known[key]

    def query_many(
        self, configs: Sequence[Mapping[str, Any]], *, seed: int | None = None
    ) -> list[Run]:
        """Many trainings."""
        return [self.query(config, seed=seed) for config in configs]

    def epoch_kwh(self, config: Mapping[str, Any]) -> float:
        """Energy of an epoch, kWh; nothing is trained."""
        return self._epoch_s(config) * WATTS / J_PER_KWH

    def _epoch_s(self, config: Mapping[str, Any]) -> float:
        sizes = self._sizes(_DEFAULTS | dict(config))
        n_rows = len(table(self._name)[0][0])
        n_weights = sum(a * b for a, b in pairwise(sizes))
        n_steps = max(1, round(n_rows / config["batch_size"]))
        return float(n_steps * STEP_S + 6.0 * n_rows * n_weights / FLOP_PER_S)

    def _sizes(self, config: Mapping[str, Any]) -> list[int]:
        (x, y), _, _ = table(self._name)
        return [x.shape[1], *[int(config["width"])] * int(config["n_layers"]), int(y.max()) + 1]

    def _train(self, config: dict[str, Any], key: str) -> Run:
        (x, y), val, test = table(self._name)
        given, n_epochs = _DEFAULTS | config, int(config[SCHEDULE])
        rng = np.random.default_rng(derive_seed("classifier", self._name, key))
        network = Network(self._sizes(given), rng=rng, weight_decay=given["weight_decay"])
        n_batches = max(1, round(len(x) / config["batch_size"]))
        curves: list[tuple[float, float]] = []
        with np.errstate(all="ignore"):  # what diverges guesses, and its accuracy says so
            for epoch in range(n_epochs):
                batches = np.array_split(rng.permutation(len(x)), n_batches)
                for place, batch in enumerate(batches):
                    rate = given["learning_rate"] * cosine((epoch + place / n_batches) / n_epochs)
                    noise = rng.standard_normal((len(batch), x.shape[1]), dtype=np.float32)
                    network.step(x[batch] + np.float32(given["noise"]) * noise, y[batch], rate)
                curves.append((_accuracy(network, *val), _accuracy(network, *test)))
        runtime_s = self._epoch_s(config) * np.arange(1, n_epochs + 1, dtype=np.float64)
        return Run(
            train_accuracy=None,
            val_accuracy=np.array([v for v, _ in curves]),
            test_accuracy=np.array([t for _, t in curves]),
            energy_kwh=runtime_s * WATTS / J_PER_KWH,
            runtime_s=runtime_s,
            inference_energy_kwh=None,
            complexity=None,
        )


@dataclass(frozen=True, slots=True)
class ClassifierProblem:
    """One table in one of its spaces.

    Args:
        table: The table.
        earlier: Whether it is searched as an earlier study.
    """

    table: str
    earlier: bool = False

    @property
    def name(self) -> str:
        """Name of a folder of its own."""
        return f"classifiers-{self.table}{'-earlier' if self.earlier else ''}"

    def load(self) -> Classifiers:
        """The trainings."""
        number = TABLES.index(self.table)
        space = earlier_space(number) if self.earlier else new_space()
        return Classifiers(self.table, space)


def _accuracy(network: Network, x: NDArray[np.float32], y: NDArray[np.intp]) -> float:
    return float((network.logs(x).argmax(axis=1) == y).mean())
