"""What a simulation sees of configurations and their networks, one array for each quantity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surrogate.space import regnet
from surrogate.space.tasks import Config, get_task

Floats = NDArray[np.float64]
"""One value per configuration, shape (n_configs,), unless a docstring says otherwise."""
Labels = NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Configurations of one task, every field of shape (n_configs,).

    Args:
        depth: Residual blocks.
        w0: Initial width, channels.
        wa: Slope of the widths, channels per block.
        wm: Ratio of the widths of neighbouring stages.
        group_width: Channels per group of the 3x3 convolutions as asked for.
        base_lr: Learning rate after warm-up.
        optimizer: ``"sgd"``, ``"adam"`` or ``"adamw"``.
        lr_policy: ``"cos"``, ``"exp"`` or ``"lin"``.
        has_cutout: 1 where cutout is used, else 0.
        max_epoch: Length of the schedule, epochs.
        params: Trainable parameters.
        flops: Multiply-adds of one image's forward pass.
        activations: Outputs of all convolutions for one image.
        n_groups: Groups of all 3x3 convolutions together.
        last_width: Channels of the last stage.
        first_share: Share of the blocks that are in the first stage.
    """

    depth: Floats
    w0: Floats
    wa: Floats
    wm: Floats
    group_width: Floats
    base_lr: Floats
    optimizer: Labels
    lr_policy: Labels
    has_cutout: Floats
    max_epoch: Floats
    params: Floats
    flops: Floats
    activations: Floats
    n_groups: Floats
    last_width: Floats
    first_share: Floats

    def __len__(self) -> int:
        return len(self.depth)


def inputs(configs: Sequence[Config], task: str) -> Inputs:
    """Inputs of checked configurations (see :func:`surrogate.space.tasks.check`)."""
    trunk = get_task(task).trunk
    params, flops, activations = regnet.complexities(configs, trunk).astype(np.float64)
    stages = [regnet.stages(config) for config in configs]

    def numbers(name: str) -> Floats:
        return np.array([config[name] for config in configs], dtype=np.float64)

    return Inputs(
        **{name: numbers(name) for name in ("depth", "w0", "wa", "wm", "group_width")},
        base_lr=numbers("base_lr"),
        optimizer=np.array([config["optimizer"] for config in configs]),
        lr_policy=np.array([config["lr_policy"] for config in configs]),
        has_cutout=(numbers("cutout_length") > 0).astype(np.float64),
        max_epoch=numbers("max_epoch"),
        params=params,
        flops=flops,
        activations=activations,
        n_groups=np.array([sum(s.depth * s.width / s.group_width for s in x) for x in stages]),
        last_width=np.array([float(stage[-1].width) for stage in stages]),
        first_share=np.array([s[0].depth / sum(x.depth for x in s) for s in stages]),
    )
