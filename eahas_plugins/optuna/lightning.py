"""Energy tracking in a Lightning training."""

from __future__ import annotations

from typing import Any, Literal

try:
    from lightning.pytorch import Callback
except ModuleNotFoundError as error:
    if error.name not in ("lightning", "lightning.pytorch"):
        raise
    try:
        from pytorch_lightning import Callback  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError as second:
        if second.name != "pytorch_lightning":
            raise
        raise ImportError(
            "eahas_plugins.optuna.lightning needs Lightning: pip install lightning"
        ) from second

from eahas_plugins.optuna.tracker import EnergyTracker

__all__ = ["EnergyReport"]


class EnergyReport(Callback):  # type: ignore[misc, unused-ignore]
    """Reports a logged metric and the energy so far after every validation of a training.

    Use it inside the tracker's ``with``: ``Trainer(callbacks=[EnergyReport(energy, "val_loss")])``.
    Pruner and budget end the training by ``optuna.TrialPruned``. In a study of several objectives
    only the energy is recorded. A ``trainer.validate()`` after the training reports nothing.

    Args:
        energy: A running tracker.
        monitor: Name of the metric that the study optimises, as given to ``self.log``.
        step: What counts as the step of a report: ``epoch``, ``batch`` (``trainer.global_step``),
            or by default the epoch, and the batch where an epoch has several validations.

    Raises:
        ValueError: If ``step`` is something else.
    """

    def __init__(
        self,
        energy: EnergyTracker,
        monitor: str,
        *,
        step: Literal["auto", "epoch", "batch"] = "auto",
    ) -> None:
        if step not in ("auto", "epoch", "batch"):
            raise ValueError(f"step must be 'auto', 'epoch' or 'batch' but got {step!r}")
        self._energy = energy
        self._monitor = monitor
        self._step = step

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report, unless this is Lightning's check before the training, or no training at all.

        Raises:
            ValueError: If the metric is not logged.
        """
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        metrics = trainer.callback_metrics
        if self._monitor not in metrics:
            raise ValueError(
                f"monitor must be a logged metric, one of {sorted(metrics)}, but got "
                f"{self._monitor!r}; log it with self.log in validation_step"
            )
        value = None if self._energy.several_objectives else float(metrics[self._monitor])
        self._energy.report(value, step=self._step_of(trainer))

    def _step_of(self, trainer: Any) -> int:
        by_batch = self._step == "batch"
        if self._step == "auto":
            # Both are numbers of batches; without an end an epoch has infinitely many.
            by_batch = trainer.check_val_every_n_epoch is None or (
                trainer.val_check_batch < trainer.num_training_batches
            )
        return int(trainer.global_step if by_batch else trainer.current_epoch)
