"""A training under an energy journal: what it has burnt, and what is paid of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from eahas_plugins.budget.journal import Attempt
from eahas_plugins.energy import (
    EnergyMeter,
    Measurement,
    MeterError,
    Reading,
    Share,
    between,
)
from eahas_plugins.files import as_dataclass, read_json, write_json
from eahas_plugins.targets.metric import Metric, metric_of
from eahas_plugins.targets.training import EnergyTraining


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    """What is known of a training beside the user's checkpoint."""

    energy_kwh: float = 0.0
    epochs: int = 0


class JournalTraining(EnergyTraining):
    """A training of SMAC or HpBandSter, which share out energy through a journal.

    Args:
        meter: What counts the energy; trials that share it each get their part.
        folder: Where this training's checkpoint and progress are kept.
        seed: The host's seed.
        budget: The host's budget: kWh or epochs of the whole training; None for no end.
        in_kwh: Whether the budget is in kWh.
        attempt: The trial's energy account; None where the host has no energy budget.
        metric: What the training is judged by; None for an accuracy.
        instance: SMAC's instance, where the scenario has some.
        cuts: Whether the training ends at its budget; a complete schedule ends by itself.
    """

    def __init__(
        self,
        *,
        meter: EnergyMeter,
        folder: Path,
        seed: int,
        budget: float | None,
        in_kwh: bool,
        attempt: Attempt | None,
        metric: Metric | None = None,
        instance: str | None = None,
        cuts: bool = True,
    ) -> None:
        super().__init__(
            folder=folder,
            seed=seed,
            budget=budget,
            metric=metric or metric_of(None, None),
            instance=instance,
        )
        self._in_kwh, self._cuts = in_kwh, cuts
        self.keeps_checkpoint = cuts and budget is not None
        self._attempt = attempt
        self._lock = threading.Lock()  # the heartbeat reads and charges too
        self._progress_file = folder / "progress.json"
        paid = progress_of(folder)
        self.resumed = paid.epochs > 0
        self.epochs = paid.epochs
        self.paid_kwh = paid.energy_kwh
        self._share = Share(meter)
        self._start = self._share.read()
        self._now = self._start
        self._problem: MeterError | None = None

    @property
    def energy_kwh(self) -> float:
        """Energy of this training so far, kWh; what earlier rungs paid is included."""
        return self.paid_kwh + self.own_kwh

    @property
    def own_kwh(self) -> float:
        """Energy that this trial has burnt, kWh."""
        with self._lock:
            self._take(self._share.read)
            return self._now.energy_kwh - self._start.energy_kwh

    def _stops(self, value: float) -> bool:
        self.charge()
        energy_kwh = self.energy_kwh
        progress = _Progress(energy_kwh=energy_kwh, epochs=self.epochs)
        write_json(self._progress_file, asdict(progress), durable=False)
        if self.budget is not None and self._cuts:
            reached = energy_kwh if self._in_kwh else self.epochs
            if reached >= self.budget * (1.0 - 1e-9):
                return True
        self.truncated = self._attempt is not None and self._attempt.must_stop()
        return self.truncated

    def charge(self) -> None:
        """Write down what has been burnt so far; this also renews the reservation.

        A meter that has counted nothing has told nothing: what a training burns is not 0.
        """
        own_kwh = self.own_kwh
        if self._attempt is not None and own_kwh > 0.0:
            with self._lock:
                self._attempt.report(own_kwh)

    def finish(self) -> None:
        """Charge for the last time and give up the meter."""
        self.charge()
        with self._lock:
            self._take(self._share.leave)

    def measured(self) -> Measurement:
        """Energy and time of this trial, as last charged.

        Raises:
            MeterError: If the meter has counted nothing, or did not answer at the end.
        """
        if self._problem is not None:
            raise self._problem
        return between(self._start, self._now)

    def _take(self, read: Callable[[], Reading]) -> None:
        """Read; where the meter does not answer the next reading makes up for it."""
        try:
            self._now, self._problem = read(), None
        except MeterError as error:  # neither the training nor its heartbeat ends here
            self._problem = error


def progress_of(folder: Path) -> _Progress:
    """What a training has behind it: nothing unless the user has saved a checkpoint."""
    checkpoint, file = folder / "checkpoint", folder / "progress.json"
    if not checkpoint.is_dir() or not any(checkpoint.iterdir()) or not file.is_file():
        return _Progress()
    try:
        return as_dataclass(_Progress, read_json(file), file)
    except ValueError:  # damaged: what is paid is not known, and the training starts anew
        return _Progress()
