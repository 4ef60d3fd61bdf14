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
    """Reports a metric and the energy so far after every evaluation.

    Use it inside the tracker's ``with``:
    ``Trainer(..., callbacks=[EnergyReport(energy, "eval_loss")])`` with an ``eval_strategy``.
    Pruner and budget end the training by ``optuna.TrialPruned``.

    Args:
        energy: A running tracker.
        monitor: Name of the metric that the study optimises, with its prefix ``eval_``.
    """

    def __init__(self, energy: EnergyTracker, monitor: str) -> None:
        self._energy = energy
        self._monitor = monitor

    def on_evaluate(
        self, args: Any, state: Any, control: Any, *, metrics: Mapping[str, float], **_: Any
    ) -> None:
        """Report what the evaluation has found."""
        if self._monitor not in metrics:
            raise ValueError(
                f"monitor must be a metric of the evaluation, one of {sorted(metrics)}, but got "
                f"{self._monitor!r}"
            )
        self._energy.report(float(metrics[self._monitor]), step=state.global_step)
