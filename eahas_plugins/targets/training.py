"""What a training function is given, whichever host runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from eahas_plugins.targets.metric import Metric
from eahas_plugins.targets.signature import number


class EnergyTraining(ABC):
    """A running training: its seed and budget, its checkpoint, and when it must stop.

    Each host has its own; ``train(config, training)`` sees what is here.

    Args:
        folder: Where this training's checkpoint is kept.
        seed: The host's seed.
        budget: The host's budget of this training; None for no end.
        metric: What the training is judged by.
        instance: SMAC's instance, where the scenario has some.
    """

    def __init__(
        self,
        *,
        folder: Path,
        seed: int,
        budget: float | None,
        metric: Metric,
        instance: str | None = None,
    ) -> None:
        self.seed = seed
        self.instance = instance
        self.budget = budget
        self.checkpoint = folder / "checkpoint"
        self.checkpoint.mkdir(parents=True, exist_ok=True)
        self.reported: list[dict[str, float]] = []
        """What this trial has reported, epoch by epoch."""
        self.epochs = 0
        """Epochs behind this training, those before its checkpoint among them."""
        self.resumed = False
        """Whether the checkpoint of an earlier rung is there to go on from."""
        self.keeps_checkpoint = False
        """Whether a later rung may go on from the checkpoint; if not, none need be saved."""
        self.truncated = False
        """Whether it has been told to stop before its end."""
        self._metric = metric

    @property
    @abstractmethod
    def energy_kwh(self) -> float:
        """Energy of this training so far, kWh; what earlier rungs paid is included."""

    def report(
        self, value: float | None = None, /, *, epochs: int | None = None, **metrics: float
    ) -> bool:
        """Tell the value after an epoch, once the checkpoint is saved; True: stop now.

        Args:
            value: The metric that the host searches by: unless named, the validation accuracy,
                in [0, 1].
            epochs: Epochs, rounds or steps behind the training; None for one more than before.
            **metrics: The same by its name, and others, which are recorded.

        Raises:
            ValueError: If the metric is missing, not finite, or an accuracy that is no fraction, or
                the training is no further than before.
        """
        name, epoch = self._metric.name, self.epochs + 1 if epochs is None else epochs
        if not epoch > self.epochs:
            raise ValueError(
                f"epochs must be those behind the training, more than the {self.epochs} that it "
                f"has had before, but got {epochs}."
            )
        if (value is None) == (name not in metrics):
            raise ValueError(
                f"report() must be given the {name} once but got {value!r} and {metrics!r}."
            )
        found = {other: number(told, other) for other, told in metrics.items() if other != name}
        told = metrics.get(name) if value is None else value
        found[name] = self._metric.checked(told, f"report() after epoch {epoch}")
        self.reported.append(found)
        self.epochs = epoch
        return self._stops(found[name])

    @abstractmethod
    def _stops(self, value: float) -> bool:
        """Record what the epoch has used; whether the training must stop after it."""
