"""Trainings that are run, not replayed: a task of the comparison that nobody has modelled.

A study trains by ``train(config, training)``, the function that every host of the package takes,
and stops it as a user's own training is stopped. Its energy is what the machine's meter counts.
"""

from __future__ import annotations

import copy
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from ConfigSpace import ConfigurationSpace

from benchmarks.collection.machine import machine
from benchmarks.harness.bench import (
    SCHEDULE,
    Reference,
    config_key,
    longest_schedule,
    plain_config,
)
from benchmarks.harness.seeds import derive_seed
from eahas_plugins.budget.attributes import ENERGY_ATTR, TRAINING_ATTR
from eahas_plugins.energy import EnergyMeter, auto_meter
from eahas_plugins.targets import EnergyTraining, Train
from eahas_plugins.targets.checkpoints import CheckpointStore
from eahas_plugins.targets.journal_training import JournalTraining
from eahas_plugins.targets.metric import Metric
from eahas_plugins.targets.schedules import schedules_of

TEST = "test"
"""The name under which a training reports its test value."""
N_PILOT = 16
"""Complete trainings that tell what one costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTask:
    """A training that every study runs itself.

    Args:
        space: What is searched; ``max_epoch`` holds the lengths of complete trainings.
        train: ``train(config, training)``: after each epoch it calls
            ``training.report(value, test=...)`` with the metric on data that the search may see and
            on data that it may not, and returns when that is True. Its random numbers come from
            ``training.seed``.
        metric: What it reports.
        worst: A value as bad as any, which a training that has diverged reports.
        data: What it is trained on; rows of other data never share a file.
        data_set: What that is, in words.
        packages: Distributions that the results depend on, beside NumPy.
        goes_on: Whether a longer training goes on from a shorter one of its configuration and pays
            the difference; ``train`` then keeps its state in ``training.checkpoint``.

    Raises:
        ValueError: If the space has no schedules.
    """

    space: ConfigurationSpace
    train: Train
    metric: Metric
    worst: float
    data_set: str
    data: bytes = b""
    packages: tuple[str, ...] = ()
    goes_on: bool = False

    def __post_init__(self) -> None:
        schedules_of(self.space, SCHEDULE, required=True)

    def provenance(self, name: str) -> dict[str, Any]:
        """Where the numbers come from on this machine, for the rows' header."""
        meter = auto_meter().provenance
        return {
            "kind": "measured",
            "live": True,
            "problem": name,
            "data_set": self.data_set,
            "data_sha256": hashlib.sha256(self.data).hexdigest(),
            "energy": meter.kind,
            "meter": {"kind": meter.kind, "name": meter.meter, "devices": list(meter.devices)},
            "machine": machine(),
            "packages": {package: version(package) for package in self.packages},
            "curves": "every training was run; test is a part of the data that no method sees",
        }


class LiveBench:
    """A live task as one study sees it: who trains the same twice in a study sees the same.

    Args:
        task: The task.
        seed: The study's seed.
        meter: What counts the energy; the machine's best where None.
    """

    def __init__(self, task: LiveTask, seed: int, *, meter: EnergyMeter | None = None) -> None:
        self.task = task
        self.meter = auto_meter() if meter is None else meter
        self._seed = seed

    @property
    def space(self) -> ConfigurationSpace:
        """The joint space."""
        return self.task.space

    @property
    def goes_on(self) -> bool:
        """Whether a longer training goes on from a shorter one."""
        return self.task.goes_on

    @property
    def objectives(self) -> tuple[str, ...]:
        """What a study searches for: the metric alone."""
        return (self.metric.name,)

    @property
    def metric(self) -> Metric:
        """What trainings are judged by."""
        return self.task.metric

    @property
    def direction(self) -> Any:
        """Whether it is maximised or minimised, in the hosts' word."""
        return "maximize" if self.metric.maximize else "minimize"

    def train(self, config: dict[str, Any], training: EnergyTraining) -> Any:
        """The task's training, with a seed made of the study's and the configuration."""
        training.seed = derive_seed("noise", self._seed, config_key(config), bits=32)
        return self.task.train(plain_config(config), training)

    def outcome(self, config: Mapping[str, Any], told: Mapping[str, Any]) -> LiveOutcome:
        """What a host has recorded of a training that has reported at least once.

        Raises:
            ValueError: If it has not reported a test value.
        """
        if TEST not in told:
            raise ValueError(
                f"a training of the comparison must report its {self.metric.name} on test data, "
                "too, but did not: training.report(value, test=...)."
            )
        return LiveOutcome(
            val_metric=float(told[self.metric.name]),
            test_metric=float(told[TEST]),
            planned_epochs=int(config[SCHEDULE]),
            runtime_s=float(told["runtime_s"]),
            training_kwh=float(told.get(TRAINING_ATTR, told[ENERGY_ATTR])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOutcome:
    """What came of a training that was run.

    Args:
        val_metric: The value that the search saw last.
        test_metric: The same training's value on the test data.
        planned_epochs: Length of its schedule.
        runtime_s: Time of this trial, s.
        training_kwh: Energy of the whole training, with what earlier trials of it paid, kWh.
    """

    val_metric: float
    test_metric: float
    planned_epochs: int
    runtime_s: float
    training_kwh: float


def measure_reference(task: LiveTask, *, n_trainings: int = N_PILOT) -> Reference:
    """What a complete training with the longest schedule costs, from a few that are run.

    Nothing is known of the best value there is: regrets are to the best that a study finds.
    """
    bench = LiveBench(task, 0)
    space = copy.deepcopy(task.space)  # seeding it must not change the task's own
    space.seed(derive_seed("pilot", bits=32))
    longest = longest_schedule(bench)
    energies = []
    for drawn in space.sample_configuration(n_trainings):
        with tempfile.TemporaryDirectory() as folder:
            training = JournalTraining(
                meter=bench.meter,
                checkpoint=CheckpointStore(folder).open("training"),
                seed=0,
                budget=None,
                in_kwh=False,
                attempt=None,
                metric=task.metric,
            )
            try:
                bench.train(plain_config(drawn) | {SCHEDULE: longest}, training)
            finally:
                training.finish()
            energies.append(training.measured().energy_kwh)
    mean_kwh = float(np.mean(energies))
    return Reference(
        mean_training_kwh=mean_kwh,
        mean_full_training_kwh=mean_kwh,
        test_metric=None,
        how=(
            "the best test value that any trial of any method has; the mean training is that of "
            f"{n_trainings} draws from the prior with the longest schedule, run before the first "
            "study"
        ),
    )
