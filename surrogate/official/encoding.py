"""The 26 numbers that the official models see of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.space.task import BASE_LRS, LR_POLICIES, OPTIMIZERS

Floats = NDArray[np.float64]

SCALED: Mapping[str, tuple[float, float]] = {
    "depth": (6, 15),
    "w0": (48, 128),
    "wa": (8.0, 32.0),
    # for TinyImageNet too, whose wm starts at 1.5 and so at -2: its models were trained on that
    "wm": (2.5, 3.0),
    "group_width": (1, 32),
}
"""Architecture: range that becomes 0 to 1."""

ONE_HOT: Mapping[str, tuple[Any, ...]] = {
    "base_lr": BASE_LRS,
    "optimizer": OPTIMIZERS,
    "lr_policy": LR_POLICIES,
    "cutout_length": (0, 16),
    "max_epoch": (50, 100, 200),
}
"""Training: values, one column each."""

_POSITION = {name: {v: i for i, v in enumerate(values)} for name, values in ONE_HOT.items()}

N_FEATURES = len(SCALED) + sum(map(len, ONE_HOT.values()))


def encode(columns: Mapping[str, Sequence[Any]]) -> Floats:
    """Array of shape (n_configs, 26) from the checked values of each hyperparameter."""
    n = len(columns["depth"])
    X = np.zeros((n, N_FEATURES))
    for place, (name, (low, high)) in enumerate(SCALED.items()):
        X[:, place] = (np.asarray(columns[name], dtype=np.float64) - low) / (high - low)
    first = len(SCALED)
    rows = np.arange(n)
    for name, position in _POSITION.items():
        X[rows, [first + position[value] for value in columns[name]]] = 1.0
        first += len(position)
    return X


def encode_one(config: Mapping[str, Any]) -> Floats:
    """The same for one checked configuration, of shape (1, 26)."""
    row = [(config[name] - low) / (high - low) for name, (low, high) in SCALED.items()]
    for name, position in _POSITION.items():
        hot = [0.0] * len(position)
        hot[position[config[name]]] = 1.0
        row += hot
    return np.array([row])
