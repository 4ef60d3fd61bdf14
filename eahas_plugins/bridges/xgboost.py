"""XGBoost: boosting rounds as the epochs of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eahas_plugins.bridges._pieces import needs, saved, saving, value_of
from eahas_plugins.targets.training import EnergyTraining

with needs(__name__, "xgboost", "xgboost"):
    from xgboost import Booster
    from xgboost.callback import TrainingCallback

__all__ = ["ReportTo"]

_FILE = "model.ubj"


class ReportTo(TrainingCallback):
    """Reports a metric after every boosting round, and ends the boosting when the host says so.

    Example:
        >>> import numpy, xgboost
        >>> def train(config, training):
        ...     data = xgboost.DMatrix(numpy.eye(8), numpy.arange(8.0))
        ...     report = ReportTo(training, "valid-rmse")
        ...     rounds = config["n_estimators"] - training.epochs  # less those of a checkpoint
        ...     xgboost.train({"eta": config["eta"]}, data, rounds, evals=[(data, "valid")],
        ...                   callbacks=[report], xgb_model=report.saved, verbose_eval=False)

    Args:
        training: What ``train(config, training)`` has got.
        metric: The metric as XGBoost prints it, ``NAME_IN_EVALS-METRIC``. Another name is a
            ``ValueError`` after the first round.
    """

    def __init__(self, training: EnergyTraining, metric: str) -> None:
        super().__init__()
        self._training = training
        self._metric = metric
        self.saved = saved(training, _FILE)
        """The model to go on from, for ``xgb_model``; None where the training starts anew."""

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]
    ) -> bool:
        """Report; whether to stop."""
        last = {f"{d}-{name}": v[-1] for d, log in evals_log.items() for name, v in log.items()}
        means = {name: v[0] if isinstance(v, tuple) else v for name, v in last.items()}  # of cv
        return self._training.report(value_of(means, self._metric))

    def after_training(self, model: Any) -> Any:
        """Save the model where the host may let the training go on."""
        if self._training.keeps_checkpoint and isinstance(model, Booster):  # cv has several
            with saving(self._training, _FILE) as path:
                model.save_model(path)
        return model
