"""Learning rates: how far each configuration is from its best, and how they fall over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from surrogate.simulation.architecture import REFERENCE_PARAMS, doublings, ripple
from surrogate.simulation.inputs import Floats, Inputs

WARMUP_EPOCHS = 5
"""Linear warm-up (upstream's configuration)."""
BEST_LR = {"sgd": 0.11, "adam": 0.0018, "adamw": 0.0025}
"""Best learning rate of the reference network at batch 1024, 100 epochs, cosine (assumption; the
usual ranges .03-.3 and .001-.003)."""
EXP_FLOOR = 0.01
"""The exponential policy ends at this fraction of the base rate (assumption)."""
EXP_SHIFT = 0.25
"""Decades by which the exponential policy wants a higher rate: it falls at once (assumption)."""


def excess_decades(c: Inputs) -> Floats:
    """log10 of base learning rate / the configuration's best one.

    The best rate falls with depth, with the schedule's length and, for the adaptive optimisers,
    with the size of the network; cutout and the exponential policy raise it (assumptions).
    """
    adaptive = (c.optimizer != "sgd").astype(np.float64)
    best = (
        np.log10(np.array([BEST_LR[name] for name in c.optimizer]))
        - 0.035 * (c.depth - 10.0)
        - 0.06 * np.log2(c.max_epoch / 100.0)
        - 0.10 * (0.3 + 0.7 * adaptive) * doublings(c.params, REFERENCE_PARAMS)
        + 0.06 * c.has_cutout
        + EXP_SHIFT * (c.lr_policy == "exp")
        + 1.5 * ripple(c, 1.0)
    )
    return np.asarray(np.log10(c.base_lr) - best)


def policy(c: Inputs, n_epochs: int) -> NDArray[np.float64]:
    """Learning rate of each epoch as a fraction of the base rate, shape (n_configs, n_epochs).

    Taken at the middle of each epoch of a schedule of ``n_epochs``, warm-up included.
    """
    passed = (np.arange(n_epochs) + 0.5) / n_epochs
    shapes = {
        "cos": 0.5 * (1.0 + np.cos(np.pi * passed)),
        "lin": 1.0 - passed,
        "exp": EXP_FLOOR**passed,
    }
    warm = np.minimum((np.arange(n_epochs) + 0.5) / WARMUP_EPOCHS, 1.0)
    return np.stack([shapes[name] for name in c.lr_policy]) * warm
