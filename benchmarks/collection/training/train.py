"""Train one configuration and record every epoch."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from benchmarks.collection.energy_window import ClockWindow, Window
from benchmarks.collection.training.data import Split, Splits
from benchmarks.collection.training.network import RegNet
from surrogate.space.regnet import Trunk

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
    window: Window | None = None,
    n_windows: int | None = None,
) -> dict[str, Any]:
    """Train a configuration from scratch, on the device of the images.

    Args:
        config: A configuration of ``fashion-nano``.
        seed: Seed of the initial weights, the order of the images and their augmentation, which
            are the same on every device.
        splits: The images.
        trunk: What the task fixes about its networks.
        after_epoch: Called after each epoch.
        window: What measures time and energy; by default time alone.
        n_windows: How many epochs it measures, evenly spread, instead of each: the others are
            timed by the clock and take the mean energy of those, since all epochs of a training
            compute the same.

    Returns:
        Lists with one value per epoch: ``train_accuracy`` (of the augmented training batches as
        they were seen), ``val_accuracy``, ``test_accuracy``, ``train_loss`` (None where not
        finite), ``train_cpu_s``, ``train_wall_s``, ``eval_cpu_s`` (validation and test pass
        together); and ``inference_cpu_s``, ``inference_wall_s``: one pass over the validation
        set, the median of three. With a window of energy also ``energy_kwh`` of the training part
        of each epoch, ``inference_energy_kwh``, and in ``meter`` the ``measured_epochs`` and the
        ``window_spread``: how far apart their energies are, as a share of the mean.
    """
    window = ClockWindow() if window is None else window
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    network = RegNet(config, trunk).to(splits.train.images.device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]  # torch's types lack it
    optimizer = make_optimizer(config, network)
    epochs = _Epochs(network, optimizer, splits.train, config["cutout_length"])
    n_repeats = window.n_repeats(epochs.rehearse)
    result: dict[str, Any] = {name: [] for name in _PER_EPOCH}
    measured = spread_epochs(config["max_epoch"], n_windows)
    for epoch in range(config["max_epoch"]):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, epoch)
        if epoch in measured:
            (loss, accuracy), cost = window.measure(epochs.repeated(n_repeats))
        else:
            (loss, accuracy), cost = ClockWindow().measure(epochs.repeated(1))
        evaluated_s = time.process_time()
        result["train_loss"].append(loss if math.isfinite(loss) else None)
        result["train_accuracy"].append(accuracy)
        result["val_accuracy"].append(_accuracy(network, splits.val))
        result["test_accuracy"].append(_accuracy(network, splits.test))
        result["eval_cpu_s"].append(time.process_time() - evaluated_s)
        result["train_cpu_s"].append(cost.cpu_s)
        result["train_wall_s"].append(cost.wall_s)
        result["energy_kwh"].append(cost.energy_kwh)
        after_epoch()
    evaluate = partial(_accuracy, network, splits.val)
    passes = [evaluate] * window.n_repeats(evaluate)
    costs = sorted(window.measure(passes)[1] for _ in range(N_INFERENCE_PASSES))
    median = costs[N_INFERENCE_PASSES // 2]
    result["inference_cpu_s"], result["inference_wall_s"] = median.cpu_s, median.wall_s
    result["inference_energy_kwh"] = median.energy_kwh
    if median.energy_kwh is None:
        del result["energy_kwh"], result["inference_energy_kwh"]
        return result
    return {**result, **_filled(result["energy_kwh"], measured)}


def spread_epochs(n_epochs: int, n_windows: int | None) -> list[int]:
    """The epochs that are measured: so many, from the first to the last; with None all.

    Raises:
        ValueError: If there are fewer than two windows.
    """
    if n_windows is None:
        return list(range(n_epochs))
    if not n_windows >= 2:
        raise ValueError(f"n_windows must be at least 2 but got {n_windows}.")
    n = min(n_windows, n_epochs)
    return [round(i * (n_epochs - 1) / (n - 1)) for i in range(n)] if n > 1 else [0]


def _filled(energy_kwh: list[float | None], measured: list[int]) -> dict[str, Any]:
    """The energy of each epoch, where it was not measured the mean of those that were."""
    known = [energy_kwh[epoch] or 0.0 for epoch in measured]
    mean = sum(known) / len(known)
    return {
        "energy_kwh": [mean if kwh is None else kwh for kwh in energy_kwh],
        "meter": {"measured_epochs": measured, "window_spread": (max(known) - min(known)) / mean},
    }


class _Epochs:
    """The training part of the next epoch, as often as it takes to measure it."""

    def __init__(
        self,
        network: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        split: Split,
        cutout_length: int,
    ) -> None:
        self._learner = (network, optimizer)
        self._split = split
        self._cutout_length = cutout_length

    def repeated(self, n: int) -> list[Callable[[], tuple[float, float]]]:
        """Equal epochs: the last one trains the network, those before it train copies."""
        state = torch.get_rng_state()
        copies = [copy.deepcopy(self._learner) for _ in range(n - 1)]
        return [partial(self._train, learner, state) for learner in (*copies, self._learner)]

    def rehearse(self) -> None:
        """Train a copy and leave no trace."""
        state = torch.get_rng_state()
        self._train(copy.deepcopy(self._learner), state)
        torch.set_rng_state(state)

    def _train(self, learner: tuple[Any, Any], state: torch.Tensor) -> tuple[float, float]:
        torch.set_rng_state(state)
        return _train_epoch(*learner, self._split, self._cutout_length)


_PER_EPOCH = (
    "train_accuracy",
    "val_accuracy",
    "test_accuracy",
    "train_loss",
    "train_cpu_s",
    "train_wall_s",
    "eval_cpu_s",
    "energy_kwh",
)


def make_optimizer(config: Mapping[str, Any], network: torch.nn.Module) -> torch.optim.Optimizer:
    """The optimizer of a configuration, at its base learning rate."""
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
    device = split.labels.device
    total_loss = torch.zeros((), device=device)
    n_right = torch.zeros((), dtype=torch.int64, device=device)
    for rows in torch.randperm(len(split.labels)).to(device).split(BATCH_SIZE):
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
    device = images.device  # random numbers are drawn on the CPU: every device sees the same
    flip = (torch.rand(n) < 0.5).to(device)
    images = torch.where(flip[:, None, None, None], images.flip(3), images)
    if cutout_length > 0:
        top = torch.randint(height, (n, 1, 1)).to(device) - cutout_length // 2
        left = torch.randint(width, (n, 1, 1)).to(device) - cutout_length // 2
        row = torch.arange(height, device=device)[None, :, None]
        column = torch.arange(width, device=device)[None, None, :]
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
