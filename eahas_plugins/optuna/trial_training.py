"""A training in an Optuna trial, to which its reports go."""

from __future__ import annotations

from optuna import Trial, TrialPruned

from eahas_plugins.optuna.tracker import EnergyTracker
from eahas_plugins.targets.checkpoints import Checkpoint
from eahas_plugins.targets.metric import Metric
from eahas_plugins.targets.scratch import Scratch
from eahas_plugins.targets.training import EnergyTraining


class TrialTraining(EnergyTraining):
    """A training in an Optuna trial.

    Args:
        energy: The trial's running tracker.
        trial: The trial.
        checkpoint: The trial's copy of the training's checkpoint.
        keeps_checkpoint: Whether what it saves is kept for a trial that goes on with it.
        seed: The objective's seed.
        budget: How long a complete training is, in epochs; None if nobody knows.
        metric: What the training is judged by.
        report_every: Epochs between two reports to the trial.
    """

    def __init__(
        self,
        energy: EnergyTracker,
        trial: Trial,
        *,
        checkpoint: Checkpoint | Scratch,
        keeps_checkpoint: bool,
        seed: int,
        budget: float | None,
        metric: Metric,
        report_every: int = 1,
    ) -> None:
        super().__init__(
            checkpoint=checkpoint,
            keeps_checkpoint=keeps_checkpoint,
            seed=seed,
            budget=budget,
            metric=metric,
            report_every=report_every,
        )
        self._energy = energy
        self._trial = trial
        self.pruned: TrialPruned | None = None
        """Why the training must stop, once it must."""

    @property
    def energy_kwh(self) -> float:
        """Energy of this training so far, kWh; what earlier trials paid is included."""
        return self.paid_kwh + self._energy.energy_kwh

    def _stops(self, value: float) -> bool:
        if self.pruned is not None:
            return True
        told = None if self._energy.several_objectives else value
        if self.epochs == self.budget:  # complete: there is nothing left to save
            self._energy.report_last(told, step=self.epochs)
            return False
        try:
            self._energy.report(told, step=self.epochs)
        except TrialPruned as pruned:  # the training ends by itself: it may have files to close
            self.pruned, self.truncated = pruned, True
        return self.truncated
