"""The study that every adapter runs: closed-form trainings over any space."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from ConfigSpace import (
    AndConjunction,
    BetaFloatHyperparameter,
    Categorical,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenLessThanRelation,
    GreaterThanCondition,
    InCondition,
    Integer,
    NormalFloatHyperparameter,
    NormalIntegerHyperparameter,
    OrdinalHyperparameter,
)
from numpy.typing import NDArray

from tests.eahas_plugins.contract.failing_training import FailingTraining
from tests.eahas_plugins.contract.own_training import OwnTraining, PausingTraining, Trained

AnyTraining = OwnTraining | PausingTraining | FailingTraining
N_EPOCHS = 9
STEP_KWH = 1e-3
"""Energy of an epoch, kWh: between half of it and all of it, as the configuration wants."""


@dataclass(frozen=True)
class ContractRun:
    val_accuracy: NDArray[np.float64]
    test_accuracy: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    runtime_s: NDArray[np.float64]
    inference_energy_kwh: float | None = None


class ContractProblem:
    """Accuracy and energy of a training are a fixed function of its configuration.

    Args:
        space: What is searched.
        fragile: Whether one configuration in four fails after a third of its epochs.
    """

    def __init__(self, space: ConfigurationSpace | None = None, *, fragile: bool = False) -> None:
        self.space = space_of_numbers() if space is None else space
        self.fragile = fragile

    def query(self, config: Mapping[str, Any]) -> ContractRun:
        quality, price = (self._draw(config, salt) for salt in ("quality", "price"))
        epoch = np.arange(1, N_EPOCHS + 1, dtype=np.float64)
        accuracy = (0.4 + 0.5 * quality) * (1.0 - 0.5 * np.exp(-epoch / 3.0))
        energy = STEP_KWH * (0.5 + 0.5 * price) * epoch
        return ContractRun(accuracy, accuracy, energy, 2.0 * epoch)

    def fails(self, config: Mapping[str, Any]) -> bool:
        return self.fragile and self._draw(config, "fails") < 0.25

    def burnt_when_failing(self, config: Mapping[str, Any]) -> float:
        return float(self.query(config).energy_kwh[N_EPOCHS // 3 - 1])

    def _draw(self, config: Mapping[str, Any], salt: str) -> float:
        """A number in [0, 1) that depends on the configuration alone, in any process."""
        values = sorted((name, _plain(value)) for name, value in dict(config).items())
        digest = hashlib.sha256(repr((salt, values)).encode()).digest()
        return int.from_bytes(digest[:4]) / 2**32


def _plain(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    return f"{value:.9g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One trial of a study, in the order in which they were started."""

    config: dict[str, Any]
    energy_kwh: float
    failed: bool


class Driver(Protocol):
    """How the contract suite runs a host. One ``DRIVER`` per host."""

    name: str
    unsupported: Mapping[str, str]
    """Names in ``SPACES`` that the host cannot search, with the message that says so."""

    def run(
        self,
        problem: ContractProblem,
        folder: Path,
        *,
        budget_kwh: float,
        seed: int = 0,
        weight: float | None = None,
        n_trials: int | None = None,
    ) -> list[Outcome]:
        """Run, or resume what is in the folder, until the budget or ``n_trials`` is reached.

        A trial trains ``problem.query(config)`` epoch by epoch; where ``problem.fails(config)``
        it reports ``problem.burnt_when_failing(config)`` and raises. ``weight=0`` switches every
        energy-aware decision off, None is the adapter's default. Returns all trials there are.
        """

    def plain(
        self, problem: ContractProblem, folder: Path, *, seed: int, n_trials: int
    ) -> list[Outcome]:
        """The same with the plain host's own classes."""

    def search(
        self,
        training: AnyTraining,
        folder: Path,
        *,
        budget_kwh: float,
        seed: int,
        fidelity: Literal["schedule", "continue"] = "schedule",
        n_workers: int = 1,
        price_kwh: float | None = None,
        checkpoints: Path | None = None,
    ) -> list[Trained]:
        """Search short and long runs of a user's own training, until the budget or a price ends it.

        Goes on with what is in the folder, and returns all trials there are. Workers are threads.
        """

    def trained(self, folder: Path) -> list[Trained]:
        """All trials of the searches in this folder, in the order in which they began."""

    def best_x(self, folder: Path) -> float | None:
        """What the host hands back as the best of the searches in this folder, if anything."""

    def run_folder(self, folder: Path) -> Path:
        """What a report of the searches in this folder is read from."""

    def checkpoints(self, folder: Path) -> Path:
        """Where the checkpoints of a search in this folder are by default."""

    def n_kept(self, n_waiting: int) -> range:
        """How many checkpoints there are when so many configurations are not at the top."""


def space_of_numbers() -> ConfigurationSpace:
    space = ConfigurationSpace()
    space.add([Float("x", (0.0, 1.0)), Float("lr", (1e-4, 1.0), log=True), Integer("n", (1, 99))])
    return space


def space_of_every_kind() -> ConfigurationSpace:
    space = space_of_numbers()
    space.add(
        [
            Integer("width", (4, 256), log=True),
            Categorical("optimizer", ["sgd", "adam"]),
            Categorical("nesterov", [True, False]),
            OrdinalHyperparameter("epochs", [10, 20, 40]),
            OrdinalHyperparameter("depth", [4, 5, 6, 7]),
            OrdinalHyperparameter("size", ["small", "large"]),
            Constant("batch", 100),
        ]
    )
    return space


def space_with_conditions() -> ConfigurationSpace:
    space = ConfigurationSpace()
    kind = Categorical("kind", ["mlp", "cnn", "tree"])
    depth = Integer("depth", (1, 9))
    kernel = Integer("kernel", (1, 7))
    dropout = Float("dropout", (0.0, 0.5))
    leaves = Integer("leaves", (2, 512), log=True)
    space.add([kind, depth, kernel, dropout, leaves])
    space.add(
        [
            EqualsCondition(leaves, kind, "tree"),
            InCondition(depth, kind, ["mlp", "cnn"]),
            AndConjunction(
                EqualsCondition(kernel, kind, "cnn"), GreaterThanCondition(kernel, depth, 2)
            ),
            InCondition(dropout, kind, ["mlp", "cnn"]),
        ]
    )
    return space


def space_with_a_forbidden_clause() -> ConfigurationSpace:
    space = ConfigurationSpace()
    optimizer = Categorical("optimizer", ["sgd", "adam"])
    size = OrdinalHyperparameter("size", ["small", "large"])
    space.add([optimizer, size, Float("x", (0.0, 1.0))])
    space.add(
        ForbiddenAndConjunction(
            ForbiddenEqualsClause(optimizer, "sgd"), ForbiddenEqualsClause(size, "large")
        )
    )
    return space


def space_with_an_ordinal_relation() -> ConfigurationSpace:
    space = ConfigurationSpace()
    low = OrdinalHyperparameter("low", [1, 2, 4])
    high = OrdinalHyperparameter("high", [1, 2, 4])
    space.add([low, high, Float("x", (0.0, 1.0))])
    space.add(ForbiddenLessThanRelation(high, low))
    return space


def space_with_priors() -> ConfigurationSpace:
    space = ConfigurationSpace()
    space.add(
        [
            NormalFloatHyperparameter("x", mu=0.5, sigma=0.2, lower=0.0, upper=1.0),
            NormalIntegerHyperparameter("n", mu=5, sigma=2, lower=0, upper=10),
            BetaFloatHyperparameter("share", alpha=2, beta=3, lower=0.0, upper=1.0),
            Categorical("optimizer", ["sgd", "adam"], weights=[0.9, 0.1]),
        ]
    )
    return space


SPACES = {
    "numbers": space_of_numbers,
    "every kind": space_of_every_kind,
    "conditions": space_with_conditions,
    "forbidden": space_with_a_forbidden_clause,
    "ordinal relation": space_with_an_ordinal_relation,
    "priors": space_with_priors,
}
