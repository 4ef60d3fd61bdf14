"""A training under an energy journal: what it has burnt, and what is paid of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from eahas_plugins.budget.journal import Attempt
from eahas_plugins.energy import (
    EnergyMeter,
    Measurement,
    MeterError,
    Reading,
    Share,
    between,
)
from eahas_plugins.targets.checkpoints import Checkpoint
from eahas_plugins.targets.metric import Metric, metric_of
from eahas_plugins.targets.progress import Progress
from eahas_plugins.targets.scratch import Scratch
from eahas_plugins.targets.training import EnergyTraining

_BEAT_SHARE, _FIRST_BEAT_S, _SLOWEST_BEAT_S = 0.05, 0.25, 60.0


class JournalTraining(EnergyTraining):
    """A training of SMAC or HpBandSter, which share out energy through a journal.

    One that has trained its ``budget`` is not truncated. Where there is none, nobody knows whether
    a training that was told to stop had more to do, and it is.

    Args:
        meter: What counts the energy; trials that share it each get their part.
        checkpoint: This trial's copy of the training's checkpoint.
        seed: The host's seed.
        budget: The host's budget: kWh or length of the whole training; None for no end.
        in_kwh: Whether the budget is in kWh.
        attempt: The trial's energy account; None where the host has no energy budget.
        metric: What the training is judged by; None for an accuracy.
        instance: SMAC's instance, where the scenario has some.
        cuts: Whether the training is ended at its budget; else it ends by itself.
        keeps_checkpoint: Whether what it saves is kept for a trial that goes on with it.
        report_every: Epochs between two looks at the meter and the account.
    """

    def __init__(
        self,
        *,
        meter: EnergyMeter,
        checkpoint: Checkpoint | Scratch,
        seed: int,
        budget: float | None,
        in_kwh: bool,
        attempt: Attempt | None,
        metric: Metric | None = None,
        instance: str | None = None,
        cuts: bool = True,
        keeps_checkpoint: bool = False,
        report_every: int = 1,
    ) -> None:
        super().__init__(
            checkpoint=checkpoint,
            seed=seed,
            budget=budget,
            metric=metric or metric_of(None, None),
            instance=instance,
            keeps_checkpoint=keeps_checkpoint,
            report_every=report_every,
        )
        self._in_kwh, self._cuts = in_kwh, cuts
        self._attempt = attempt
        self._lock = threading.Lock()  # the heartbeat reads and charges too
        self._share = Share(meter)
        self._start = self._share.latest
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
        if self.budget is not None and self._cuts:
            reached = self.energy_kwh if self._in_kwh else self.epochs
            if reached >= self.budget * (1.0 - 1e-9):
                return True
        stops = self._attempt is not None and self._attempt.must_stop()
        # Of a schedule nobody else tells that this was its last epoch.
        done = self._counts_reports and self.budget is not None and self.epochs >= self.budget
        self.truncated = stops and not done
        self.limited = self.truncated and self._attempt is not None and self._attempt.at_own_limit
        return stops

    def charge(self) -> None:
        """Write down what has been burnt so far; this also renews the reservation.

        A meter that has counted nothing has told nothing: what a training burns is not 0.
        """
        own_kwh = self.own_kwh
        if self._attempt is not None and own_kwh > 0.0:
            with self._lock:
                self._attempt.report(own_kwh)

    def finish(self, *, failed: bool = False) -> None:
        """Charge for the last time and give up the meter.

        Args:
            failed: Whether the training has raised an error. One that did before its first report,
                so soon that a meter that answers has counted nothing, has burnt nothing: what it
                was expected to need is for trainings that nobody knows of. A meter that counts
                nothing for longer stands still, and knows nothing of it.
        """
        self.charge()
        with self._lock:
            self._take(self._share.leave)
            counted = self._now.energy_kwh > self._start.energy_kwh or self._problem is not None
            told = counted or self.reported or not self._was_short
            if failed and self._attempt is not None and not told:
                self._attempt.report(0.0)

    def measured(self) -> Measurement:
        """Energy and time of this trial, as last charged.

        Raises:
            MeterError: If the meter has counted nothing, or did not answer at the end.
        """
        if self._problem is not None:
            raise self._problem
        return between(self._start, self._now)

    @property
    def _was_short(self) -> bool:
        resolution_s = self._share.provenance.resolution_s
        return self._now.monotonic_s - self._start.monotonic_s < max(1.0, 10.0 * resolution_s)

    @property
    def _counts_reports(self) -> bool:
        return not self._in_kwh

    def _progress(self, length: float | None) -> Progress:
        progress = super()._progress(length)
        if self._in_kwh:
            return replace(progress, length=progress.energy_kwh)
        return replace(progress, length=float(self.epochs)) if self._cuts else progress

    def _take(self, read: Callable[[], Reading]) -> None:
        """Read; where the meter does not answer the next reading makes up for it."""
        try:
            self._now, self._problem = read(), None
        except MeterError as error:  # neither the training nor its heartbeat ends here
            self._problem = error


@contextmanager
def heartbeat(training: JournalTraining, every_s: float | None) -> Iterator[None]:
    """Charge a training from time to time, and when it ends in whatever way.

    Args:
        training: The training.
        every_s: How often, s; None as of `EnergyTarget`.
    """
    over = threading.Event()
    start_s = time.monotonic()

    def pause_s() -> float:
        if every_s is not None:
            return every_s
        # A killed worker then loses a twentieth of its energy at most, and beats stay few.
        age_s = time.monotonic() - start_s
        return min(_SLOWEST_BEAT_S, max(_FIRST_BEAT_S, _BEAT_SHARE * age_s))

    def beat() -> None:
        while not over.wait(pause_s()):
            training.charge()

    thread = threading.Thread(target=beat, name="energy heartbeat", daemon=True)
    thread.start()
    failed = True
    try:
        yield
        failed = False
    finally:
        over.set()
        thread.join()
        training.finish(failed=failed)
