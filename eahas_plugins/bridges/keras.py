"""Keras 3: epochs of ``model.fit``."""

from __future__ import annotations

from typing import Any

from eahas_plugins.bridges._pieces import needs, saved, saving, value_of
from eahas_plugins.targets.training import EnergyTraining

with needs(__name__, "keras", "keras"):
    from keras.callbacks import Callback

__all__ = ["ReportTo"]

_FILE = "model.weights.h5"


class ReportTo(Callback):  # type: ignore[misc, unused-ignore]
    """Reports a metric after every epoch, and ends the training when the host says so.

    ``model.fit(x, y, epochs=config["epochs"], initial_epoch=training.epochs, validation_data=...,
    callbacks=[ReportTo(training, "val_loss")])``. Where the training goes on from a checkpoint,
    the weights of the model and the state of its optimizer are loaded before the first epoch.

    Args:
        training: What ``train(config, training)`` has got.
        metric: The metric as Keras logs it, such as ``val_accuracy``. Another name is a
            ``ValueError`` after the first epoch.
    """

    def __init__(self, training: EnergyTraining, metric: str) -> None:
        super().__init__()
        self._training = training
        self._metric = metric

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Go on from the checkpoint, where there is one."""
        if (path := saved(self._training, _FILE)) is not None:
            self.model.load_weights(path)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Report, and stop if the host says so."""
        if self._training.report(value_of(logs or {}, self._metric), epochs=epoch + 1):
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Save the weights where the host may let the training go on."""
        if self._training.keeps_checkpoint:
            with saving(self._training, _FILE) as path:
                self.model.save_weights(path)
