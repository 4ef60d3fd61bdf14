from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eahas_plugins.spaces import OptunaSpace
import optuna
from optuna.distributions import BaseDistribution
from optunahub.benchmarks import BaseProblem
import surrogate
from surrogate.function import as_function
from surrogate.function import METRICS


class Problem(BaseProblem):  # type: ignore[misc]
    """Accuracy and training energy of joint network and training configurations.

    Args:
        task: ``"fashion-nano"``, ``"cifar10"``, ``"tinyimagenet"`` or the folder of an imported
            official checkpoint.
        metrics: What to optimise: some of ``"accuracy"``, ``"val_accuracy"``, ``"test_accuracy"``,
            ``"train_accuracy"``, ``"energy_kwh"``, ``"runtime_s"``, ``"inference_energy_kwh"``, of
            the whole training. ``"accuracy"`` is that of the validation set, or of the test set
            with official checkpoints, which know no other.
        seed: Noise of the benchmark; None for its mean.

    Raises:
        ValueError: If there is no such task or metric.
    """

    def __init__(
        self,
        task: str = "fashion-nano",
        metrics: Sequence[str] = ("accuracy", "energy_kwh"),
        seed: int | None = None,
    ) -> None:
        self.bench = surrogate.load(task)
        self._function = as_function(self.bench, metrics=metrics, seed=seed)
        self._metrics = tuple(metrics)
        self._space = OptunaSpace(self.bench.space)

    @property
    def search_space(self) -> dict[str, BaseDistribution]:
        """The distribution of every hyperparameter."""
        return self._space.distributions()

    @property
    def directions(self) -> list[optuna.study.StudyDirection]:
        """Accuracies are maximised, energies and times minimised."""
        return [optuna.study.StudyDirection[METRICS[name].upper()] for name in self._metrics]

    @property
    def metric_names(self) -> list[str]:
        """For ``study.set_metric_names``."""
        return list(self._metrics)

    def evaluate(self, params: dict[str, Any]) -> float | tuple[float, ...]:
        """The metrics of a training; one is returned as a number, several as a tuple."""
        values = self._function(self._space.to_config(params))
        return values if len(values) > 1 else values[0]
