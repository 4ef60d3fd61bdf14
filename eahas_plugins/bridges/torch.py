"""A PyTorch training loop of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eahas_plugins.arguments import check_counts
from eahas_plugins.bridges._pieces import needs, saved, saving
from eahas_plugins.targets.training import EnergyTraining

with needs(__name__, "'eahas-plugins[train]'", "torch"):
    import torch

__all__ = ["Epochs"]

_FILE = "state.pt"


class Epochs:
    """The epochs of a loop: from its checkpoint on, if there is one, until the host says stop.

    ``epochs = Epochs(training, config["epochs"], model=model, optimizer=optimizer)``, and then
    ``for epoch in epochs:``, which trains for one epoch and ends with ``epochs.report(accuracy)``.

    Args:
        training: What ``train(config, training)`` has got.
        n_epochs: Epochs of the whole training, those before a checkpoint among them.
        **parts: What an epoch changes and has ``state_dict`` and ``load_state_dict``: the model,
            the optimizer, a schedule of its learning rate. They go on where they stopped, and so
            do the CPU's random numbers. None is left out.

    Raises:
        ValueError: If ``n_epochs`` is no whole number of at least 1, or a part cannot be saved.
    """

    def __init__(self, training: EnergyTraining, n_epochs: int, **parts: Any) -> None:
        check_counts(1, n_epochs=n_epochs)
        parts = {name: part for name, part in parts.items() if part is not None}
        for name, part in parts.items():  # not after the training, when it is to be saved
            if not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
                raise ValueError(
                    f"{name} must have state_dict and load_state_dict, as a model or an optimizer "
                    f"has, but got {part!r}."
                )
        self._training = training
        self._n_epochs = n_epochs
        self._parts = parts
        self._ends = False
        if (path := saved(training, _FILE)) is not None:
            states = torch.load(path, map_location="cpu", weights_only=True)
            for name, part in parts.items():
                part.load_state_dict(states[name])
            torch.set_rng_state(states["random"])

    def __iter__(self) -> Iterator[int]:
        """Count the epochs from 0; the count of a training that goes on begins later.

        Raises:
            ValueError: If an epoch has not been reported.
        """
        while not self._ends and (epoch := self._training.epochs) < self._n_epochs:
            yield epoch
            if self._training.epochs == epoch:
                raise ValueError(f"an epoch must end with report() but epoch {epoch} has not.")

    def report(self, value: Any = None, /, **metrics: Any) -> None:
        """Tell the value after an epoch as `EnergyTraining.report` does, numbers or tensors.

        Reading a tensor waits for the GPU, so that the energy of the whole epoch is counted.
        """
        numbers: dict[str, Any] = {name: _number(metric) for name, metric in metrics.items()}
        stops = self._training.report(_number(value), **numbers)
        self._ends = stops or self._training.epochs >= self._n_epochs
        if self._ends and self._training.keeps_checkpoint:
            states = {name: part.state_dict() for name, part in self._parts.items()}
            with saving(self._training, _FILE) as path:
                torch.save({**states, "random": torch.get_rng_state()}, path)


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, torch.Tensor) else value
