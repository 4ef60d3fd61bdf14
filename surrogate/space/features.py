"""Numbers that the models see of a configuration: what was chosen, and how large the network is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.records import Complexity
from surrogate.space import regnet
from surrogate.space.task import ARCHITECTURE, LR_POLICIES, OPTIMIZERS, Task
from surrogate.space.tasks import Config

Floats = NDArray[np.float64]

NAMES = (
    "bias",
    *ARCHITECTURE,
    "log_params",
    "log_flops",
    "log_activations",
    "log_base_lr",
    *(f"optimizer={name}" for name in OPTIMIZERS),
    *(f"lr_policy={name}" for name in LR_POLICIES),
    "cutout",
    "log_max_epoch",
    *(f"optimizer={name} * log_base_lr" for name in OPTIMIZERS),
    *(f"optimizer={name} * log_base_lr ** 2" for name in OPTIMIZERS),
    "log_base_lr * log_max_epoch",
)
"""The columns, in order. Logarithms, because time and energy are nearly products of powers; each
optimizer has a best learning rate of its own, and longer schedules bear other ones."""

_USUAL_LR = 0.03
"""Learning rates count from here, so that the columns about them are less alike."""

COST_NAMES = (
    "bias",
    *ARCHITECTURE,
    "log_params",
    "log_flops",
    "log_activations",
    *(f"optimizer={name}" for name in OPTIMIZERS),
)
"""The columns that the time and energy of an epoch depend on: what is computed, not how well."""


def encode(columns: Mapping[str, Sequence[Any]], task: Task) -> tuple[Floats, NDArray[np.int64]]:
    """Features and complexities of many configurations.

    Args:
        columns: The values of each hyperparameter, checked.
        task: The task.

    Returns:
        Array of shape (n_configs, n_features), and complexities of shape (n_configs, 3).
    """
    architecture = [np.array(columns[name]) for name in ARCHITECTURE]
    sizes = regnet.count(*architecture, trunk=task.trunk).T
    optimizer, lr_policy = (np.array(columns[name]) for name in ("optimizer", "lr_policy"))
    lr = np.log(np.array(columns["base_lr"]) / _USUAL_LR)
    epochs = np.log(columns["max_epoch"])
    chosen = [optimizer == name for name in OPTIMIZERS]
    parts = [
        np.ones(len(sizes)),
        *architecture,
        *np.log(sizes).T,
        lr,
        *chosen,
        *(lr_policy == name for name in LR_POLICIES),
        np.array(columns["cutout_length"]) > 0,
        epochs,
        *(of * lr for of in chosen),
        *(of * lr * lr for of in chosen),
        lr * epochs,
    ]
    return np.stack(parts, axis=1).astype(np.float64), sizes


def encode_one(config: Config, task: Task) -> tuple[Floats, Complexity]:
    """The same for one checked configuration: features of shape (1, n_features), complexity."""
    size = regnet.complexity(config, task.trunk)
    log = math.log
    lr, epochs = log(config["base_lr"] / _USUAL_LR), log(config["max_epoch"])
    lr_policy = config["lr_policy"]
    chosen = [config["optimizer"] == name for name in OPTIMIZERS]
    row = [
        1.0,
        *(config[name] for name in ARCHITECTURE),
        log(size.params),
        log(size.flops),
        log(size.activations),
        lr,
        *chosen,
        *[lr_policy == name for name in LR_POLICIES],
        config["cutout_length"] > 0,
        epochs,
        *[of * lr for of in chosen],
        *[of * lr * lr for of in chosen],
        lr * epochs,
    ]
    return np.array([row], dtype=np.float64), size
