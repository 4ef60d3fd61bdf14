"""Training the paper's two-encoder network with torch (``pip install 'eahas-plugins[train]'``)."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models.curve_network import CurveNetworks
from surrogate.models.two_encoder_network import LAYERS, TwoEncoderNetwork
from surrogate.space.features import NAMES

Floats = NDArray[np.float64]

WIDTH, DROPOUT = 64, 0.1
LEAST_STEPS, N_PASSES, BATCH = 2000, 60, 128
LEARNING_RATE, WEIGHT_DECAY = 3e-3, 1e-4
N_ARCHITECTURE = NAMES.index("log_base_lr")
"""Features of the architecture come first, those of the training after."""


def fit_networks(
    X: Floats, targets: Floats, *, n_curves: int, degree: int, n_members: int, seed: int
) -> CurveNetworks:
    """An ensemble that predicts the control values of Bezier curves.

    Args:
        X: Features of shape (n, n_features).
        targets: Array of shape (n, n_outputs): inner x (if there are any), then the y of each
            curve, of which the first and last are not negative.
        n_curves: How many curves there are.
        degree: Their degree.
        n_members: Networks in the ensemble; they differ in their seed.
        seed: Seed of all.

    Raises:
        ImportError: If torch is not installed.
    """
    check_torch()
    n_points = degree + 1
    n_x = targets.shape[1] - n_curves * n_points
    places = n_x + np.arange(n_curves * n_points).reshape(n_curves, n_points)
    ends = places[:, [0, -1]].reshape(-1)
    # So each curve counts the same, and a sigmoid reaches its ends.
    largest = targets[:, ends].reshape(len(targets), n_curves, 2).max(axis=(0, 2))
    scale = np.ones(targets.shape[1])
    scale[places] = np.maximum(largest, 1e-9)[:, None]
    given = np.concatenate([ends, np.setdiff1d(np.arange(targets.shape[1]), ends)])
    wanted = (targets / scale)[:, given]
    members = [
        train_network(X, wanted, n_endpoints=len(ends), seed=seed * n_members + member)
        for member in range(n_members)
    ]
    arrays = [member.to_arrays() for member in members]
    together = {name: np.concatenate([each[name] for each in arrays]) for name in arrays[0]}
    networks = CurveNetworks(
        network=TwoEncoderNetwork.from_arrays(together, endpoint_scale=1.0),
        order=np.argsort(given),
        scale=scale,
    )
    return CurveNetworks.from_arrays(networks.to_arrays())  # as they are read again


def check_torch() -> None:
    """Say what to install, before anything is computed.

    Raises:
        ImportError: If torch is not installed.
    """
    if importlib.util.find_spec("torch") is None:
        raise ImportError("networks are trained with torch: pip install 'eahas-plugins[train]'")


def train_network(
    X: Floats, targets: Floats, *, n_endpoints: int = 2, seed: int
) -> TwoEncoderNetwork:
    """Fit one network; what is returned takes unscaled features and is evaluated in NumPy.

    Args:
        X: Features of shape (n, n_features).
        targets: Array of shape (n, n_outputs); the first ``n_endpoints`` lie in [0, 1].
        n_endpoints: How many outputs are sigmoids.
        seed: Seed of the weights and batches.
    """
    import torch

    with torch.random.fork_rng(devices=[]):  # the caller's draws stay as they are
        torch.manual_seed(seed)
        return _trained(X, targets, n_endpoints)


def _trained(X: Floats, targets: Floats, n_endpoints: int) -> TwoEncoderNetwork:
    import torch

    centre, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread > 0.0, spread, 1.0)
    inputs = torch.tensor((X - centre) / spread, dtype=torch.float32)
    wanted = torch.tensor(targets, dtype=torch.float32)
    layers = _layers(X.shape[1], n_endpoints, targets.shape[1])
    optimizer = torch.optim.AdamW(
        [weight for layer in layers.values() for weight in layer.parameters()],
        lr=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
    )
    n_steps = max(LEAST_STEPS, N_PASSES * len(X) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in range(n_steps):
        batch = torch.randint(len(inputs), (min(BATCH, len(inputs)),))
        loss = torch.nn.functional.mse_loss(_forward(layers, inputs[batch]), wanted[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    arrays = {
        f"{name}.{part}": getattr(layer, part).detach().numpy().astype(np.float64)
        for name, layer in layers.items()
        for part in ("weight", "bias")
    }
    encoders = {"architecture": slice(N_ARCHITECTURE), "training": slice(N_ARCHITECTURE, None)}
    for name, columns in encoders.items():  # which then take features as they are
        arrays[f"{name}.weight"] /= spread[columns]
        arrays[f"{name}.bias"] -= arrays[f"{name}.weight"] @ centre[columns]
    return TwoEncoderNetwork.from_arrays(arrays, endpoint_scale=1.0)


def _layers(n_features: int, n_endpoints: int, n_outputs: int) -> dict[str, Any]:
    """The layers of :class:`~surrogate.models.two_encoder_network.TwoEncoderNetwork`."""
    from torch.nn import Linear

    sizes = (
        (N_ARCHITECTURE, WIDTH),
        (n_features - N_ARCHITECTURE, WIDTH),
        (2 * WIDTH, WIDTH),
        (WIDTH, WIDTH),
        (WIDTH, WIDTH),
        (WIDTH, n_endpoints),
        (WIDTH, n_outputs - n_endpoints),
    )
    return {name: Linear(*size) for name, size in zip(LAYERS, sizes, strict=True)}


def _forward(layers: dict[str, Any], X: Any) -> Any:
    """Outputs of shape (n, n_outputs): the sigmoids, then the others; with dropout."""
    import torch

    architecture, training, *hidden, endpoints, inner = layers.values()
    encoded = [architecture(X[:, :N_ARCHITECTURE]), training(X[:, N_ARCHITECTURE:])]
    h = torch.relu(torch.cat(encoded, dim=1))
    for layer in hidden:
        h = torch.nn.functional.dropout(torch.relu(layer(h)), DROPOUT)
    return torch.cat([torch.sigmoid(endpoints(h)), inner(h)], dim=1)
