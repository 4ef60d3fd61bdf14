"""Training the paper's two-encoder network with torch (extra ``train``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from surrogate.features import NAMES
from surrogate.network import TwoEncoderNetwork

Floats = NDArray[np.float64]

WIDTH, DROPOUT = 64, 0.1
N_STEPS, BATCH, LEARNING_RATE, WEIGHT_DECAY = 2000, 128, 3e-3, 1e-4
N_ARCHITECTURE = NAMES.index("log_base_lr")
"""Features of the architecture come first, those of the training after."""


def _layers(n_features: int, n_outputs: int) -> dict[str, nn.Linear]:
    """The layers of :class:`~surrogate.network.TwoEncoderNetwork`."""
    sizes = {
        "architecture": (N_ARCHITECTURE, WIDTH),
        "training": (n_features - N_ARCHITECTURE, WIDTH),
        "hidden0": (2 * WIDTH, WIDTH),
        "hidden1": (WIDTH, WIDTH),
        "hidden2": (WIDTH, WIDTH),
        "endpoints": (WIDTH, 2),
        "inner": (WIDTH, n_outputs - 2),
    }
    return {name: nn.Linear(*size) for name, size in sizes.items()}


def _forward(layers: Mapping[str, nn.Linear], X: Tensor) -> Tensor:
    """Outputs of shape (n, n_outputs): two sigmoids, then the inner ones; with dropout."""
    parts = (X[:, :N_ARCHITECTURE], X[:, N_ARCHITECTURE:])
    encoders = (layers["architecture"], layers["training"])
    encoded = [encoder(part) for encoder, part in zip(encoders, parts, strict=True)]
    h = torch.relu(torch.cat(encoded, dim=1))
    for name in ("hidden0", "hidden1", "hidden2"):
        h = nn.functional.dropout(torch.relu(layers[name](h)), DROPOUT)
    return torch.cat([torch.sigmoid(layers["endpoints"](h)), layers["inner"](h)], dim=1)


def train_network(X: Floats, targets: Floats, *, seed: int) -> Callable[[Floats], Floats]:
    """Fit the network; what is returned evaluates it in NumPy.

    Args:
        X: Features of shape (n, n_features), unscaled.
        targets: Array of shape (n, n_outputs); the first two lie in [0, 1].
        seed: Seed of the weights and batches.
    """
    torch.manual_seed(seed)
    centre, scale = X.mean(axis=0), X.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    inputs = torch.tensor((X - centre) / scale, dtype=torch.float32)
    wanted = torch.tensor(targets, dtype=torch.float32)
    layers = _layers(X.shape[1], targets.shape[1])
    optimizer = torch.optim.AdamW(
        [weight for layer in layers.values() for weight in layer.parameters()],
        lr=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, N_STEPS)
    for _ in range(N_STEPS):
        batch = torch.randint(len(inputs), (min(BATCH, len(inputs)),))
        loss = nn.functional.mse_loss(_forward(layers, inputs[batch]), wanted[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    arrays = {
        f"{name}.{part}": getattr(layer, part).detach().numpy()
        for name, layer in layers.items()
        for part in ("weight", "bias")
    }
    evaluated = TwoEncoderNetwork.from_arrays(arrays, endpoint_scale=1.0)
    return lambda rows: evaluated.predict((rows - centre) / scale)[0]
