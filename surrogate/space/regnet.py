"""Stages, parameters, multiply-adds and activations of a RegNet, exactly, without building it.

The network is the one EA-HAS-Bench trains: a 3x3 stem of stride 1, stages of residual bottleneck
blocks (1x1, 3x3 grouped, 1x1, bottleneck ratio 1; the first block of a stage has stride 2 and a
projection shortcut), an optional squeeze-and-excitation in each block, global average pooling and
a linear head. Batch normalisation follows every convolution.

References:
    Radosavovic et al. (2020), Designing Network Design Spaces, section 3.3 (equations 2-4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogate.records import Complexity

WIDTH_QUANTUM = 8
"""Stage widths are multiples of this many channels before they are fitted to the groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """What a task fixes about its networks.

    Args:
        image_size_px: Height and width of an input image.
        image_channels: Channels of an input image.
        stem_width: Channels after the stem.
        n_classes: Outputs of the head.
        se_ratio: Squeeze-and-excitation width as a fraction of a block's *input* width; 0 for none.
    """

    image_size_px: int
    image_channels: int
    stem_width: int
    n_classes: int
    se_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage: ``depth`` blocks of ``width`` channels in groups of ``group_width``."""

    depth: int
    width: int
    group_width: int


def stages(config: Mapping[str, Any]) -> tuple[Stage, ...]:
    """The stages of the RegNet that a configuration describes.

    Args:
        config: Has ``depth``, ``w0``, ``wa``, ``wm`` and ``group_width``.

    Returns:
        One entry per stage, from input to output.
    """
    return tuple(
        Stage(depth=depth, width=width, group_width=group)
        for depth, width, group in _stages(config)
    )


def _stages(config: Mapping[str, Any]) -> list[tuple[int, int, int]]:
    """Depth, width and group width of each stage."""
    w0, wa, wm, group_width = config["w0"], config["wa"], config["wm"], config["group_width"]
    log, log_wm = math.log, math.log(wm)
    found: list[list[int]] = []  # blocks, width before it is fitted to the groups
    last = None
    for block in range(config["depth"]):
        exponent = round(log((w0 + wa * block) / w0) / log_wm)  # eqs. 2 and 3
        if exponent != last:
            last = exponent
            width = round(w0 * wm**exponent / WIDTH_QUANTUM) * WIDTH_QUANTUM  # eq. 4
            if not found or found[-1][1] != width:
                found.append([0, width])
        found[-1][0] += 1
    fitted = []
    for depth, width in found:
        group = min(group_width, width)
        fitted.append((depth, max(group, round(width / group) * group), group))
    return fitted


def complexity(config: Mapping[str, Any], trunk: Trunk) -> Complexity:
    """Parameters, multiply-adds and activations of one configuration's network.

    The same as :func:`complexities`, ten times as fast for a single one.
    """
    side, width_in, se_ratio = trunk.image_size_px, trunk.stem_width, trunk.se_ratio
    stem = 9 * trunk.image_channels * width_in
    area = side * side
    params = stem + 2 * width_in
    flops = area * stem
    activations = area * width_in
    for depth, width, group_width in _stages(config):
        others = depth - 1
        square, grouped = width * width, 9 * group_width * width
        entry = width_in * width
        area_in, side = area, -(-side // 2)
        area = side * side
        # The first block, with its projection, and then the others.
        params += 2 * entry + grouped + square + 8 * width
        params += others * (2 * square + grouped + 6 * width)
        flops += area_in * entry + area * (grouped + square + entry)
        flops += others * area * (2 * square + grouped)
        activations += (area_in + 3 * area) * width + others * 3 * area * width
        if se_ratio > 0.0:
            for squeezed, blocks in (
                (round(width_in * se_ratio), 1),
                (round(width * se_ratio), others),
            ):
                params += blocks * (2 * squeezed * width + squeezed + width)
                flops += blocks * 2 * squeezed * width
                activations += blocks * (squeezed + width)
        width_in = width
    params += (width_in + 1) * trunk.n_classes
    flops += width_in * trunk.n_classes
    return Complexity(params=params, flops=flops, activations=activations)


def complexities(configs: Sequence[Mapping[str, Any]], trunk: Trunk) -> NDArray[np.int64]:
    """Complexities of many configurations at once.

    Returns:
        Array of shape (3, n_configs): trainable parameters; multiply-adds of one image's forward
        pass (convolutions and linear layers); outputs of all convolutions for one image.
    """
    return count(*_architecture(configs), trunk=trunk)


def count(
    depth: ArrayLike,
    w0: ArrayLike,
    wa: ArrayLike,
    wm: ArrayLike,
    group_width: ArrayLike,
    *,
    trunk: Trunk,
) -> NDArray[np.int64]:
    """:func:`complexities` from columns, each of shape (n_configs,)."""
    depth_ = np.asarray(depth, dtype=np.int64)
    width, group, start = _blocks(depth_, w0, wa, wm, group_width)
    alive = np.arange(width.shape[1]) < depth_[:, None]
    width_in = np.concatenate([np.full((len(width), 1), trunk.stem_width), width[:, :-1]], axis=1)
    side_out = _side(trunk.image_size_px, np.cumsum(start, axis=1))
    side_in = _side(trunk.image_size_px, np.cumsum(start, axis=1) - start)
    area_in, area_out = side_in**2, side_out**2
    projection = start * width_in * width
    reduce_, grouped, expand = width_in * width, 9 * group * width, width * width
    squeezed = np.rint(width_in * trunk.se_ratio).astype(np.int64)

    n_norms = 3 + start
    params = reduce_ + grouped + expand + projection + 2 * n_norms * width
    flops = area_in * reduce_ + area_out * (grouped + expand + projection)
    activations = area_in * width + area_out * width * (2 + start)
    if trunk.se_ratio > 0.0:
        params += 2 * squeezed * width + squeezed + width
        flops += 2 * squeezed * width
        activations += squeezed + width

    last = width[np.arange(len(width)), depth_ - 1]
    stem = 9 * trunk.image_channels * trunk.stem_width
    area = trunk.image_size_px**2
    ends = [
        stem + 2 * trunk.stem_width + (last + 1) * trunk.n_classes,
        area * stem + last * trunk.n_classes,
        area * trunk.stem_width,
    ]
    totals = [(term * alive).sum(axis=1) for term in (params, flops, activations)]
    return np.array([total + end for total, end in zip(totals, ends, strict=True)])


def _architecture(configs: Sequence[Mapping[str, Any]]) -> list[NDArray[Any]]:
    names = ("depth", "w0", "wa", "wm", "group_width")
    return [np.array([config[name] for config in configs]) for name in names]


def _blocks(
    depth: ArrayLike, w0: ArrayLike, wa: ArrayLike, wm: ArrayLike, group_width: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Width, group width and "starts a stage" (0 or 1), each of shape (n_configs, max depth)."""
    depth, w0, wa, wm, group_width = (
        np.asarray(column)[:, None] for column in (depth, w0, wa, wm, group_width)
    )
    block = np.arange(int(depth.max()))
    linear = w0 + wa * block  # eq. 2
    exponent = np.rint(np.log(linear / w0) / np.log(wm))  # eq. 3
    # eq. 4, then rounded to the quantum
    width = np.rint(w0 * wm**exponent / WIDTH_QUANTUM).astype(np.int64) * WIDTH_QUANTUM
    start = np.ones_like(width)
    start[:, 1:] = width[:, 1:] != width[:, :-1]
    group = np.minimum(group_width, width)
    width = np.maximum(group, np.rint(width / group).astype(np.int64) * group)
    return width, group, start


def _side(image_size_px: int, n_halvings: NDArray[np.int64]) -> NDArray[np.int64]:
    """Side after that many 3x3 convolutions of stride 2 and padding 1: halved, rounded up."""
    return -(-image_size_px // 2**n_halvings)
