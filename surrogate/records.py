"""What one training run is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
"""Array of shape (n_epochs,): the value after each epoch, epoch 1 first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complexity:
    """Size of a network.

    Args:
        params: Trainable parameters.
        flops: Multiply-adds of one image's forward pass.
        activations: Outputs of all convolutions for one image.
    """

    params: int
    flops: int
    activations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training: what a query predicts and what a table records. Unknown values are None.

    Args:
        train_accuracy: Accuracy on the training set after each epoch, in [0, 1].
        val_accuracy: The same on the validation set.
        test_accuracy: The same on the test set.
        energy_kwh: Cumulative training energy after each epoch, kWh; never falls.
        runtime_s: Cumulative training time after each epoch, s; never falls.
        inference_energy_kwh: Energy of one pass over the validation set, kWh.
        complexity: Size of the network.
    """

    train_accuracy: Curve | None
    val_accuracy: Curve | None
    test_accuracy: Curve | None
    energy_kwh: Curve | None
    runtime_s: Curve | None
    inference_energy_kwh: float | None
    complexity: Complexity | None
