"""Train one configuration and record every epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from benchmarks.training.data import Split, Splits
from benchmarks.training.network import RegNet
from surrogate.regnet import Trunk

BATCH_SIZE = 100
EVALUATION_BATCH_SIZE = 500
WARM_UP_EPOCHS = 2
WARM_UP_FACTOR = 0.1
EXPONENTIAL_END = 0.01
WEIGHT_DECAY = 5e-4
LABEL_SMOOTHING = 0.1
N_INFERENCE_PASSES = 3


def learning_rate(config: Mapping[str, Any], epoch: int) -> float:
    """Learning rate during an epoch, counted from 0: the policy, damped during the warm-up."""
    done = epoch / config["max_epoch"]
    factor = {
        "cos": 0.5 * (1.0 + math.cos(math.pi * done)),
        "exp": EXPONENTIAL_END**done,
        "lin": 1.0 - done,
    }[config["lr_policy"]]
    warm = min(1.0, epoch / WARM_UP_EPOCHS)
    return float(config["base_lr"]) * factor * (WARM_UP_FACTOR + (1.0 - WARM_UP_FACTOR) * warm)


def train(
    config: Mapping[str, Any],
    *,
    seed: int,
    splits: Splits,
    trunk: Trunk,
    after_epoch: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Train a configuration from scratch.

    Args:
        config: A configuration of ``fashion-nano``.
        seed: Seed of the initial weights, the order of the images and their augmentation.
        splits: The images.
        trunk: What the task fixes about its networks.
        after_epoch: Called after each epoch.

    Returns:
        Lists with one value per epoch: ``train_accuracy`` (of the augmented training batches as
        they were seen), ``val_accuracy``, ``test_accuracy``, ``train_loss`` (None where not
        finite), ``train_cpu_s``, ``train_wall_s``, ``eval_cpu_s`` (validation and test pass
        together); and ``inference_cpu_s``, ``inference_wall_s``: one pass over the validation
        set, the median of three.
    """
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    network = RegNet(config, trunk).to(memory_format=torch.channels_last)
    optimizer = _optimizer(config, network)
    result: dict[str, Any] = {name: [] for name in _PER_EPOCH}
    for epoch in range(config["max_epoch"]):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, epoch)
        start = _clocks()
        loss, accuracy = _train_epoch(network, optimizer, splits.train, config["cutout_length"])
        trained = _clocks()
        result["train_loss"].append(loss if math.isfinite(loss) else None)
        result["train_accuracy"].append(accuracy)
        result["val_accuracy"].append(_accuracy(network, splits.val))
        result["test_accuracy"].append(_accuracy(network, splits.test))
        result["train_cpu_s"].append(trained[0] - start[0])
        result["train_wall_s"].append(trained[1] - start[1])
        result["eval_cpu_s"].append(_clocks()[0] - trained[0])
        after_epoch()
    passes = sorted(_timed_pass(network, splits.val) for _ in range(N_INFERENCE_PASSES))
    result["inference_cpu_s"], result["inference_wall_s"] = passes[N_INFERENCE_PASSES // 2]
    return result


_PER_EPOCH = (
    "train_accuracy",
    "val_accuracy",
    "test_accuracy",
    "train_loss",
    "train_cpu_s",
    "train_wall_s",
    "eval_cpu_s",
)


def _clocks() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _optimizer(config: Mapping[str, Any], network: torch.nn.Module) -> torch.optim.Optimizer:
    lr = config["base_lr"]
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(
            network.parameters(),
            lr=lr,
            momentum=0.9,
            nesterov=True,
            weight_decay=WEIGHT_DECAY,
            fused=True,
        )
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config["optimizer"]]
    return kind(network.parameters(), lr=lr, weight_decay=WEIGHT_DECAY, fused=True)


def _train_epoch(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, split: Split, cutout_length: int
) -> tuple[float, float]:
    """Mean loss and share of right answers over one pass of the training images."""
    network.train()
    total_loss = torch.zeros(())
    n_right = torch.zeros((), dtype=torch.int64)
    for rows in torch.randperm(len(split.labels)).split(BATCH_SIZE):
        images, labels = _augment(split.images[rows], cutout_length), split.labels[rows]
        logits = network(images)
        loss = cross_entropy(logits, labels, label_smoothing=LABEL_SMOOTHING)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total_loss += loss.detach() * len(labels)
        n_right += (logits.detach().argmax(1) == labels).sum()
    n = len(split.labels)
    return float(total_loss) / n, int(n_right) / n


def _augment(images: torch.Tensor, cutout_length: int) -> torch.Tensor:
    """Horizontal flips, and a square of mean colour centred anywhere in the image."""
    n, _, height, width = images.shape
    flip = torch.rand(n) < 0.5
    images = torch.where(flip[:, None, None, None], images.flip(3), images)
    if cutout_length > 0:
        top = torch.randint(height, (n, 1, 1)) - cutout_length // 2
        left = torch.randint(width, (n, 1, 1)) - cutout_length // 2
        row, column = torch.arange(height)[None, :, None], torch.arange(width)[None, None, :]
        hidden = (row >= top) & (row < top + cutout_length)
        hidden = hidden & (column >= left) & (column < left + cutout_length)
        images = images.masked_fill(hidden[:, None], 0.0)
    return images.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def _accuracy(network: torch.nn.Module, split: Split) -> float:
    network.eval()
    n_right = 0
    for images, labels in zip(
        split.images.split(EVALUATION_BATCH_SIZE),
        split.labels.split(EVALUATION_BATCH_SIZE),
        strict=True,
    ):
        n_right += int((network(images).argmax(1) == labels).sum())
    return n_right / len(split.labels)


def _timed_pass(network: torch.nn.Module, split: Split) -> tuple[float, float]:
    cpu, wall = _clocks()
    _accuracy(network, split)
    return _clocks()[0] - cpu, _clocks()[1] - wall
