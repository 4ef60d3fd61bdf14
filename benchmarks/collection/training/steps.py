"""One training step of a configuration, on random images that lie on the device already.

What a step costs does not depend on what the images show, nor on the learning rate as long as the
numbers stay finite; so the rate is a small one for all. Augmentation runs in the data loader of the
reference system and is not part of the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from benchmarks.collection.training.network import RegNet
from benchmarks.collection.training.train import LABEL_SMOOTHING, make_optimizer
from surrogate.space.regnet import Trunk
from surrogate.step_records import Precision

LEARNING_RATE = 1e-4
EMA_DECAY = 0.999


class Steps:
    """A network with its optimizer and the moving average of its weights, and images for it.

    Args:
        config: The configuration.
        trunk: What the task fixes about its networks; its image size is that of the images.
        batch: Images in a step and in a batch of evaluation.
        precision: fp32, tf32 or bf16 (autocast; weights and their updates stay fp32).
        device: Where everything lies.
        seed: Seed of the weights and images.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        trunk: Trunk,
        *,
        batch: int,
        precision: Precision,
        device: torch.device,
        seed: int,
    ) -> None:
        torch.manual_seed(seed)
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.allow_tf32 = precision == "tf32"
        torch.backends.cudnn.benchmark = True
        self._device = device
        self._precision = precision
        network = RegNet(config, trunk).to(device)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, unused-ignore]  # torch's types lack it
        self._optimizer = make_optimizer({**config, "base_lr": LEARNING_RATE}, self._network)
        average = get_ema_multi_avg_fn(EMA_DECAY)
        self._average = AveragedModel(self._network, multi_avg_fn=average, use_buffers=True)
        size = trunk.image_size_px
        images = torch.randn(batch, trunk.image_channels, size, size, device=device)
        self._images = images.contiguous(memory_format=torch.channels_last)
        self._labels = torch.randint(trunk.n_classes, (batch,), device=device)
        self._loss = torch.zeros((), device=device)
        self._n_right = torch.zeros((), dtype=torch.int64, device=device)

    def train(self) -> None:
        """Forward, loss with label smoothing, backward, optimizer, average."""
        self._network.train()
        with self._cast():
            logits = self._network(self._images)
            loss = cross_entropy(logits, self._labels, label_smoothing=LABEL_SMOOTHING)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        self._average.update_parameters(self._network)
        self._loss = loss.detach()

    @torch.inference_mode()
    def evaluate(self) -> None:
        """One batch through the averaged weights, and how many it gets right."""
        self._average.eval()
        with self._cast():
            logits = self._average(self._images)
        self._n_right += (logits.argmax(1) == self._labels).sum()

    @torch.inference_mode()
    def infer(self) -> None:
        """One image alone through the averaged weights."""
        self._average.eval()
        with self._cast():
            self._average(self._images[:1])

    @property
    def loss_is_finite(self) -> bool:
        """Whether the last step's loss was a number."""
        return bool(torch.isfinite(self._loss))

    def _cast(self) -> AbstractContextManager[Any]:
        if self._precision != "bf16":
            return nullcontext()
        return torch.autocast(self._device.type, dtype=torch.bfloat16)
