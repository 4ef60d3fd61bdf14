"""Energy tracking in a Lightning training."""

from __future__ import annotations

from typing import Any

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
    """Reports a logged metric and the energy so far after every validation.

    Use it inside the tracker's ``with``: ``Trainer(callbacks=[EnergyReport(energy, "val_loss")])``.
    Pruner and budget end the training by ``optuna.TrialPruned``.

    Args:
        energy: A running tracker.
        monitor: Name of the metric that the study optimises, as given to ``self.log``.
    """

    def __init__(self, energy: EnergyTracker, monitor: str) -> None:
        self._energy = energy
        self._monitor = monitor

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report, unless this is only Lightning's check before the training."""
        if trainer.sanity_checking:
            return
        metrics = trainer.callback_metrics
        if self._monitor not in metrics:
            raise ValueError(
                f"monitor must be a logged metric, one of {sorted(metrics)}, but got "
                f"{self._monitor!r}; log it with self.log in validation_step"
            )
        self._energy.report(float(metrics[self._monitor]), step=trainer.current_epoch)
