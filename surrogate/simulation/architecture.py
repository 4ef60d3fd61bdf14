"""How well a network can do, in log-odds of its accuracy, relative to a reference network.

The reference has 64 million multiply-adds and 0.8 million parameters, the medians of two-stage
networks on CIFAR-10. All constants are assumptions of the size that RegNet design spaces show:
from 20 to 200 million multiply-adds the error falls by about a third, narrow groups cost a little,
very deep or shallow and unbalanced networks too, and there is a smooth remainder that no single
hyperparameter explains.
"""

from __future__ import annotations

import numpy as np

from surrogate.simulation.inputs import Floats, Inputs

REFERENCE_FLOPS = 64e6
REFERENCE_PARAMS = 0.8e6

_WAVES = np.array(
    # amplitude, phase / 2 pi, then cycles over the range of
    # depth, log w0, log wa, wm, log group width, first stage's share
    [
        [0.050, 0.11, 0.9, 0.4, -0.6, 0.3, 0.0, 0.0],
        [0.045, 0.47, -0.5, 1.1, 0.7, 0.0, 0.8, 0.0],
        [0.040, 0.83, 0.0, -0.8, 1.2, 0.5, -0.6, 0.7],
        [0.035, 0.29, 1.4, 0.6, 0.0, -0.9, 1.0, 0.5],
        [0.030, 0.65, -1.1, 1.5, -1.3, 0.0, 0.7, -0.9],
    ]
)


def doublings(values: Floats, reference: float) -> Floats:
    """How many times the reference has to be doubled to get each value."""
    return np.log2(values / reference)


def quality(c: Inputs, capacity_slope: float) -> Floats:
    """Log-odds of accuracy above the reference network's, at each network's best training."""
    size = doublings(c.flops, REFERENCE_FLOPS)
    capacity = capacity_slope * size - 0.015 * size**2
    depth = -0.05 * ((c.depth - 11.0) / 4.0) ** 2
    groups = -0.10 * np.exp(-(c.group_width - 1.0) / 4.0)
    balance = -0.5 * (c.first_share - 0.4) ** 2
    return capacity + depth + groups + balance + ripple(c, 0.0)


def ripple(c: Inputs, shift: float) -> Floats:
    """The smooth remainder: a sum of plane waves; another ``shift`` gives another remainder."""
    place = np.stack(
        [
            (c.depth - 6.0) / 9.0,
            np.log2(c.w0 / 48.0) / 1.415,
            np.log2(c.wa / 8.0) / 2.0,
            c.wm - 2.0,
            np.log2(c.group_width) / 5.0,
            c.first_share,
        ]
    )
    angle = 2.0 * np.pi * (_WAVES[:, 2:] @ place + _WAVES[:, 1:2] * (1.0 + shift))
    return np.asarray(_WAVES[:, 0] @ np.sin(angle))
