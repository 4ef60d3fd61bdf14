"""The RegNet of a configuration as a torch module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from surrogate.space.regnet import Trunk, stages


class RegNet(nn.Sequential):
    """Stem, stages and head; the same network that :mod:`surrogate.space.regnet` counts."""

    def __init__(self, config: Mapping[str, Any], trunk: Trunk) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(trunk.image_channels, trunk.stem_width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(trunk.stem_width),
            nn.ReLU(inplace=True),
        ]
        width_in = trunk.stem_width
        for stage in stages(config):
            for i in range(stage.depth):
                stride = 2 if i == 0 else 1
                layers.append(
                    _Block(width_in, stage.width, stride, stage.group_width, trunk.se_ratio)
                )
                width_in = stage.width
        layers += [
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(width_in, trunk.n_classes),
        ]
        super().__init__(*layers)
        self.apply(_initialise)


class _Block(nn.Module):
    """Residual bottleneck of ratio 1 with a grouped 3x3 convolution."""

    def __init__(
        self, width_in: int, width: int, stride: int, group_width: int, se_ratio: float
    ) -> None:
        super().__init__()
        body: list[nn.Module] = [
            nn.Conv2d(width_in, width, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, stride, 1, groups=width // group_width, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        if se_ratio > 0.0:
            body.append(_SqueezeExcitation(width, round(width_in * se_ratio)))
        body += [nn.Conv2d(width, width, 1, bias=False), nn.BatchNorm2d(width)]
        self.body = nn.Sequential(*body)
        self.projection = (
            nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))
            if stride > 1
            else nn.Identity()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu_(self.projection(x) + self.body(x))


class _SqueezeExcitation(nn.Module):
    def __init__(self, width: int, squeezed: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(width, squeezed, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(squeezed, width, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gate(x)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
        nn.init.normal_(module.weight, 0.0, (2.0 / fan_out) ** 0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.01)
        nn.init.zeros_(module.bias)
