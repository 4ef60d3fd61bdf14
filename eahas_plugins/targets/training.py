"""What a training function is given, whichever host runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from eahas_plugins.models.length import is_number
from eahas_plugins.spaces.values import native
from eahas_plugins.targets.checkpoints import Checkpoint
from eahas_plugins.targets.metric import Metric, recorded
from eahas_plugins.targets.progress import Progress
from eahas_plugins.targets.scratch import Scratch


class EnergyTraining(ABC):
    """A running training: its seed and budget, its checkpoint, and when it must stop.

    Each host has its own; ``train(config, training)`` sees what is here.

    Args:
        checkpoint: This trial's copy of the training's checkpoint.
        seed: The host's seed.
        budget: The host's budget of this training; None for no end.
        metric: What the training is judged by.
        instance: SMAC's instance, where the scenario has some.
        keeps_checkpoint: Whether what it saves is kept for a trial that goes on with it.
        report_every: Epochs between two looks at the meter and the host.
    """

    def __init__(
        self,
        *,
        checkpoint: Checkpoint | Scratch,
        seed: int,
        budget: float | None,
        metric: Metric,
        instance: str | None = None,
        keeps_checkpoint: bool,
        report_every: int = 1,
    ) -> None:
        self.seed = seed
        self.instance = instance
        self.budget = budget
        self.reported: list[dict[str, float]] = []
        """What this trial has reported, epoch by epoch."""
        self.epochs = checkpoint.start.epochs
        """Epochs behind this training, those before its checkpoint among them."""
        self.resumed = bool(checkpoint.start.folder)
        """Whether an earlier trial's checkpoint is there to go on from, as it stood at `epochs`."""
        self.keeps_checkpoint = keeps_checkpoint
        """Whether a later rung may go on from the checkpoint; if not, none need be saved."""
        self.truncated = False
        """Whether it has been told to stop before its end."""
        self.limited = False
        """Whether that was for a limit of its own, with energy left for other trials."""
        self.paid_kwh = checkpoint.start.energy_kwh
        """Energy of the training up to the checkpoint that it goes on from, kWh."""
        self._metric = metric
        self._own_copy = checkpoint
        self._report_every = report_every
        self._next_look = self.epochs + report_every

    @property
    def checkpoint(self) -> Path:
        """The folder where the training keeps its state, its own for the time of the trial."""
        return self._own_copy.folder

    @property
    @abstractmethod
    def energy_kwh(self) -> float:
        """Energy of this training so far, kWh; what earlier rungs paid is included."""

    @property
    def saved_kwh(self) -> float:
        """Energy of the training up to its newest checkpoint, kWh; 0 without one."""
        return self._own_copy.latest.energy_kwh

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
        name, epoch = self._metric.name, self.epochs + 1 if epochs is None else native(epochs)
        if not is_number(epoch) or not float(epoch).is_integer():
            raise ValueError(f"epochs must be a whole number but got {epochs!r}.")
        epoch = int(epoch)
        if not epoch > self.epochs:
            raise ValueError(
                f"epochs must be those behind the training, more than the {self.epochs} that it "
                f"has had before, but got {epochs}."
            )
        if (value is None) == (name not in metrics):
            raise ValueError(
                f"report() must be given the {name} once but got {value!r} and {metrics!r}."
            )
        found = recorded(metrics, self._metric)
        told = metrics.get(name) if value is None else value
        found[name] = self._metric.checked(told, f"report() after epoch {epoch}")
        self.reported.append(found)
        self.epochs = epoch
        is_complete = self._counts_reports and self.budget is not None and epoch >= self.budget
        if epoch < self._next_look and not is_complete:
            return self.truncated
        self._next_look = epoch - epoch % self._report_every + self._report_every
        stops = self._stops(found[name])
        if self.keeps_checkpoint and self._own_copy.has_changed:
            self._own_copy.save(self._progress(None))
        return stops

    def pause(self) -> None:
        """The training has returned: what it has saved since its last report is kept as well."""
        length = None if self.truncated else self.budget
        if length is not None and not self.reported and self._counts_reports:
            self.epochs = int(length)  # it trained to its length without a word on the way
        copy = self._own_copy
        stands_here = copy.latest is not copy.start and copy.latest.epochs == self.epochs
        if self.keeps_checkpoint and (copy.has_changed or stands_here):
            copy.save(self._progress(length))

    @abstractmethod
    def _stops(self, value: float) -> bool:
        """Record what the epoch has used; whether the training must stop after it."""

    @property
    def _counts_reports(self) -> bool:
        """Whether the budget is a number of reports, as far as anybody can tell."""
        return True

    def _progress(self, length: float | None) -> Progress:
        """Where the training stands now; ``length`` is the rung that it has reached, if any."""
        return Progress(energy_kwh=self.energy_kwh, epochs=self.epochs, length=length)
