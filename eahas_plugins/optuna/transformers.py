"""Energy tracking in the Trainer of Hugging Face Transformers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    from transformers import TrainerCallback
except ModuleNotFoundError as error:
    if error.name != "transformers":
        raise
    raise ImportError(
        "eahas_plugins.optuna.transformers needs Transformers: pip install 'transformers[torch]'"
    ) from error

from eahas_plugins.optuna.tracker import EnergyTracker

__all__ = ["EnergyReport"]


class EnergyReport(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Reports a metric and the energy so far after every evaluation of a training.

    Use it inside the tracker's ``with``:
    ``Trainer(..., callbacks=[EnergyReport(energy, "eval_loss")])`` with an ``eval_strategy``.
    Pruner and budget end the training by ``optuna.TrialPruned``. In a study of several objectives
    only the energy is recorded. A ``trainer.evaluate()`` after the training reports nothing.

    Args:
        energy: A running tracker.
        monitor: Name of the metric that the study optimises, with its prefix ``eval_``.
    """

    def __init__(self, energy: EnergyTracker, monitor: str) -> None:
        self._energy = energy
        self._monitor = monitor
        self._training = False
        self._reported_at = -1
        self._missing: tuple[int, str] | None = None  # at this step, with this message

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """From now on evaluations are the training's."""
        self._training = True

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """From now on they are not.

        Raises:
            ValueError: If the last evaluation has not found the metric.
        """
        self._training = False
        if self._missing is not None:
            raise ValueError(self._missing[1])

    def on_evaluate(
        self, args: Any, state: Any, control: Any, *, metrics: Mapping[str, float], **_: Any
    ) -> None:
        """Report what the evaluation has found.

        Raises:
            ValueError: If the evaluation before this one has not found the metric.
        """
        if not self._training:
            return
        step = state.global_step
        if self._missing is not None and self._missing[0] != step:
            raise ValueError(self._missing[1])
        if self._monitor not in metrics:
            # With several data sets there is one call for each at a step: another may have it.
            if self._reported_at == step:
                return
            self._missing = self._missing or (
                step,
                f"monitor must be a metric of the evaluation, one of {sorted(metrics)}, but got "
                f"{self._monitor!r}",
            )
            return
        self._missing = None
        value = None if self._energy.several_objectives else float(metrics[self._monitor])
        self._energy.report(value, step=step)
        self._reported_at = step
