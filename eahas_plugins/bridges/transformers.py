"""The Trainer of Hugging Face Transformers: its evaluations."""

from __future__ import annotations

from typing import Any

from eahas_plugins.bridges._pieces import needs, value_of
from eahas_plugins.targets.training import EnergyTraining

with needs(__name__, "'transformers[torch]'", "transformers"):
    from transformers import TrainerCallback
    from transformers.trainer_utils import get_last_checkpoint

__all__ = ["ReportTo"]


class ReportTo(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Reports a metric after each epoch, and ends the training when the host says so.

    ``report = ReportTo(training, "eval_loss")``, then ``Trainer(..., callbacks=[report])``, whose
    arguments have an ``eval_strategy`` and ``output_dir=training.checkpoint``, and
    ``trainer.train(resume_from_checkpoint=report.saved)``. It reports when an epoch has been
    evaluated; with ``max_steps`` it counts steps, at every evaluation.

    Args:
        training: What ``train(config, training)`` has got.
        metric: The metric's name with its prefix ``eval_``. Another name is a ``ValueError``.
    """

    def __init__(self, training: EnergyTraining, metric: str) -> None:
        self._training = training
        self._metric = metric
        self._found: dict[str, Any] = {}  # by all evaluations since the last step
        find: Any = get_last_checkpoint  # it has no types
        self.saved = find(training.checkpoint) if training.resumed else None
        """The checkpoint to go on from; None where the training starts anew."""

    def on_evaluate(self, args: Any, state: Any, control: Any, **found: Any) -> None:
        """Report; with several data sets there is one call for each, and one has the metric."""
        self._found |= found["metrics"]
        epochs = state.global_step if args.max_steps > 0 else int((state.epoch or 0) + 1e-6)
        if self._metric in found["metrics"] and epochs > self._training.epochs:
            stops = self._training.report(value_of(self._found, self._metric), epochs=epochs)
            ends = stops or state.global_step >= state.max_steps
            control.should_training_stop |= stops
            control.should_save |= ends and self._training.keeps_checkpoint

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Go on only if the evaluations before this step have found the metric."""
        if self._found:
            value_of(self._found, self._metric)
            self._found = {}

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The same at the end."""
        self.on_step_begin(args, state, control)
