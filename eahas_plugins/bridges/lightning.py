"""Lightning: validations of a ``Trainer``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from eahas_plugins.bridges._pieces import needs, saved, saving, value_of
from eahas_plugins.targets.training import EnergyTraining

with needs(__name__, "lightning", "lightning", "pytorch_lightning"):
    if find_spec("lightning"):
        from lightning.pytorch import Callback
    else:
        from pytorch_lightning import Callback  # type: ignore[import-not-found, unused-ignore]

__all__ = ["ReportTo"]

_FILE = "last.ckpt"


class ReportTo(Callback):  # type: ignore[misc, unused-ignore]
    """Reports a logged metric after each epoch, and ends the training when the host says so.

    ``report = ReportTo(training, "val_loss")``, then
    ``Trainer(max_epochs=config["epochs"], callbacks=[report]).fit(net, ckpt_path=report.saved)``.
    It reports when an epoch has been validated; a trainer that is limited by ``max_steps`` alone
    counts steps, at every validation.

    Args:
        training: What ``train(config, training)`` has got.
        metric: The metric's name as given to ``self.log``. Another name is a ``ValueError`` at the
            first report.
    """

    def __init__(self, training: EnergyTraining, metric: str) -> None:
        self._training = training
        self._metric = metric
        self.saved = saved(training, _FILE)
        """The checkpoint to go on from, for ``ckpt_path``; None where the training starts anew."""

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report, unless this is Lightning's check before the training, or no training at all."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        epochs = trainer.current_epoch + trainer.is_last_batch
        if trainer.max_epochs == -1:
            epochs = trainer.global_step
        if epochs > self._training.epochs:  # an epoch may have several validations
            value = value_of(trainer.callback_metrics, self._metric)
            trainer.should_stop |= self._training.report(value, epochs=epochs)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Save a checkpoint where the host may let the training go on."""
        if self._training.keeps_checkpoint:
            with saving(self._training, _FILE) as path:
                trainer.save_checkpoint(path)
