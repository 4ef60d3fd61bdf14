"""What the live tasks share: a training by epochs that can be paused, and a small network."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.live import TEST
from eahas_plugins.targets import EnergyTraining

Floats = NDArray[np.float32]


class Trained(Protocol):
    """A model in training; it is saved as it is where a training pauses."""

    def epoch(self, number: int) -> None:
        """Train for one epoch, counted from 0."""

    def values(self) -> tuple[float, float]:
        """The metric on the validation and on the test data."""


def train_by_epochs(
    model: Trained, training: EnergyTraining, *, n_epochs: int, name: str, worst: float
) -> dict[str, float] | None:
    """Train a model to the end of its schedule, or until the training is told to stop.

    Args:
        model: The model at its start; a paused one is taken from the checkpoint in its place.
        training: What the host has given.
        n_epochs: Length of the schedule.
        name: The metric.
        worst: What is reported of a model that has diverged, or is worse than this.
    """
    file = training.checkpoint / "model.pickle"
    told: dict[str, float] = {}
    if training.resumed:
        model, told = pickle.loads(file.read_bytes())  # this process's own, or its neighbour's
    for number in range(training.epochs, n_epochs):
        model.epoch(number)
        val, test = (_bounded(value, worst) for value in model.values())
        told = {name: val, TEST: test}
        if training.keeps_checkpoint and _pauses(training.budget, number + 1, n_epochs):
            file.write_bytes(pickle.dumps((model, told)))
        if training.report(val, test=test):
            return None
    return told


def _bounded(value: float, worst: float) -> float:
    """A loss that is no number, or absurd, is the worst; accuracies are what they are."""
    return worst if worst > 0.0 and not value <= worst else value


def _pauses(budget: float | None, epoch: int, n_epochs: int) -> bool:
    """Whether the host may ask for this training again: its last epoch, or that of its rung."""
    return budget is not None and (epoch == n_epochs or epoch >= budget * (1.0 - 1e-9))


class Adam:
    """Adam with decoupled weight decay.

    References:
        Kingma and Ba (2015), Adam, Algorithm 1. Loshchilov and Hutter (2019), AdamW, Algorithm 2.
    """

    def __init__(self, weights: list[Floats], *, weight_decay: float) -> None:
        self._weights, self._decay = weights, weight_decay
        self._m = [np.zeros_like(w) for w in weights]
        self._v = [np.zeros_like(w) for w in weights]
        self._t = 0

    def step(self, gradients: list[Floats], rate: float) -> None:
        """Change the weights in place."""
        self._t += 1
        size = rate * math.sqrt(1.0 - 0.999**self._t) / (1.0 - 0.9**self._t)
        for w, g, m, v in zip(self._weights, gradients, self._m, self._v, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            w -= size * m / (np.sqrt(v) + 1e-8)
            if w.ndim > 1:
                w *= 1.0 - rate * self._decay


class Network:
    """Layers with rectifiers and a softmax, trained by Adam on the cross-entropy.

    Args:
        sizes: Width of the input, of each hidden layer, and of the output.
        rng: Draws the weights.
        weight_decay: Of the weights, not of the biases.
    """

    def __init__(self, sizes: list[int], *, rng: np.random.Generator, weight_decay: float) -> None:
        self._weights: list[Floats] = []
        for n_in, n_out in pairwise(sizes):
            scale = math.sqrt(2.0 / n_in)
            self._weights.append((scale * rng.standard_normal((n_in, n_out))).astype(np.float32))
            self._weights.append(np.zeros(n_out, dtype=np.float32))
        self._adam = Adam(self._weights, weight_decay=weight_decay)

    def step(self, x: Floats, labels: NDArray[np.intp], rate: float) -> Floats:
        """One step on a batch; returns the gradient of the loss by ``x``."""
        inputs = [x]
        for layer in range(0, len(self._weights) - 2, 2):
            inputs.append(self._hidden(inputs[-1], layer))
        slope = np.exp(self._logs(inputs[-1]))
        slope[np.arange(len(labels)), labels] -= 1.0
        slope /= len(labels)
        gradients: list[Any] = [None] * len(self._weights)
        for layer in range(len(self._weights) - 2, -1, -2):
            gradients[layer] = inputs[layer // 2].T @ slope
            gradients[layer + 1] = slope.sum(axis=0)
            slope = slope @ self._weights[layer].T
            if layer:
                slope *= inputs[layer // 2] > 0.0
        self._adam.step(gradients, rate)
        return slope

    def logs(self, x: Floats) -> Floats:
        """Logarithms of the probabilities, shape (n, n_classes)."""
        for layer in range(0, len(self._weights) - 2, 2):
            x = self._hidden(x, layer)
        return self._logs(x)

    def _hidden(self, x: Floats, layer: int) -> Floats:
        return np.maximum(x @ self._weights[layer] + self._weights[layer + 1], 0.0)

    def _logs(self, x: Floats) -> Floats:
        scores = x @ self._weights[-2] + self._weights[-1]
        scores -= scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))


def cosine(part: float) -> float:
    """A learning rate that falls from 1 to 0 along half a cosine."""
    return 0.5 * (1.0 + math.cos(math.pi * part))
