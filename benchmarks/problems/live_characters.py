"""A model of the characters of Python's manual, trained live: its loss in bits per character.

The text is what ``help()`` shows of Python's topics. A network predicts a character from those
before it; how many, and whether it has hidden layers at all, is searched. Some configurations cost
tens of times what others do.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from ConfigSpace import (
    ConfigurationSpace,
    Float,
    GreaterThanCondition,
    Integer,
    OrdinalHyperparameter,
)
from numpy.typing import NDArray

from benchmarks.harness.bench import SCHEDULE
from benchmarks.harness.live import LiveTask
from benchmarks.problems._by_epochs import Adam, Floats, Network, cosine, train_by_epochs
from eahas_plugins.targets import EnergyTraining
from eahas_plugins.targets.metric import Direction, metric_of

FIDELITIES = ("schedule", "cut")
PLAIN_IN_FULL = True
METRIC = "bits_per_character"
DIRECTION: Direction = "minimize"
SCHEDULES = (2, 6, 18)
N_CHARACTERS = 48
"""The most frequent ones; all others are one more."""
N_EPOCH, N_VAL, N_TEST = 2500, 3000, 3000
"""Characters that an epoch predicts, and that are predicted to judge it."""
LONGEST = 8
"""Characters that a context may have."""
WORST = 2.0 * math.log2(N_CHARACTERS + 1)
"""Twice the loss of one who knows nothing."""


@cache
def data() -> NDArray[np.intp]:
    """The text as numbers: characters by frequency."""
    from pydoc_data.topics import topics

    text = "\n".join(topics[name] for name in sorted(topics)).lower()
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    known, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    rank = np.empty(len(known), dtype=np.intp)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(known))
    return np.asarray(np.minimum(rank, N_CHARACTERS)[inverse])


def space() -> ConfigurationSpace:
    """Architecture and training."""
    found = ConfigurationSpace(name="live-characters")
    n_layers, width = Integer("n_layers", (0, 2)), Integer("width", (8, 256), log=True)
    found.add(
        [
            Integer("context", (1, LONGEST)),
            Integer("embedding", (2, 32), log=True),
            n_layers,
            width,
            Float("learning_rate", (3e-4, 3e-1), log=True),
            Integer("batch_size", (16, 256), log=True),
            Float("weight_decay", (1e-4, 1.0), log=True),
            OrdinalHyperparameter(SCHEDULE, SCHEDULES, default_value=SCHEDULES[-1]),
        ]
    )
    found.add(GreaterThanCondition(width, n_layers, 0))
    return found


class CharacterModel:
    """Embeddings of the characters before, and a network on them.

    References:
        Bengio et al. (2003), A neural probabilistic language model.
    """

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        self._config = config
        self._rng = np.random.default_rng(seed)
        n_inputs = config["context"] * config["embedding"]
        hidden = [config["width"]] * config["n_layers"] if config["n_layers"] else []
        sizes = [n_inputs, *hidden, N_CHARACTERS + 1]
        decay = config["weight_decay"]
        self._network = Network(sizes, rng=self._rng, weight_decay=decay)
        shape = (N_CHARACTERS + 1, config["embedding"])
        self._embedding = self._rng.standard_normal(shape).astype(np.float32)
        self._adam = Adam([self._embedding], weight_decay=decay)

    def epoch(self, number: int) -> None:
        """A part of the text that no other epoch has seen."""
        rate, size = self._config["learning_rate"], self._config["batch_size"]
        first = N_VAL + N_TEST + 2 * LONGEST + number * N_EPOCH
        places = first + self._rng.permutation(N_EPOCH)
        batches = np.array_split(places, max(1, round(N_EPOCH / size)))
        for position, batch in enumerate(batches):
            done = (number + position / len(batches)) / self._config[SCHEDULE]
            before = self._before(batch)
            slope = self._network.step(
                self._inputs(before), data()[batch], rate * cosine(done)
            ).reshape(*before.shape, -1)
            gradient = np.zeros_like(self._embedding)
            np.add.at(gradient, before, slope)
            self._adam.step([gradient], rate * cosine(done))

    def values(self) -> tuple[float, float]:
        """Loss on two parts of the text that no training sees."""
        places = LONGEST + np.arange(N_VAL + N_TEST)
        logs = self._network.logs(self._inputs(self._before(places)))
        bits = -logs[np.arange(len(places)), data()[places]] / math.log(2.0)
        return float(bits[:N_VAL].mean()), float(bits[N_VAL:].mean())

    def _before(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        return data()[places[:, None] - np.arange(1, self._config["context"] + 1)]

    def _inputs(self, before: NDArray[np.intp]) -> Floats:
        return self._embedding[before].reshape(len(before), -1)


def train(config: dict[str, Any], training: EnergyTraining) -> dict[str, float] | None:
    """One training."""
    with np.errstate(all="ignore"):  # what diverges has the worst loss
        return train_by_epochs(
            CharacterModel(config, training.seed),
            training,
            n_epochs=config[SCHEDULE],
            name=METRIC,
            worst=WORST,
        )


def load(source: Path | None) -> LiveTask:
    """The task; ``source`` is not used."""
    return LiveTask(
        space=space(),
        train=train,
        metric=metric_of(METRIC, DIRECTION),
        worst=WORST,
        data_set=(
            f"topics of Python's help(): {SCHEDULES[-1] * N_EPOCH} characters to train, "
            f"{N_VAL} to validate, {N_TEST} to test"
        ),
        data=data().tobytes(),
    )
