"""LightGBM: boosting rounds as the epochs of a training."""

from __future__ import annotations

from typing import Any

from eahas_plugins.bridges._pieces import needs, saved, saving, value_of
from eahas_plugins.targets.training import EnergyTraining

with needs(__name__, "lightgbm", "lightgbm"):
    from lightgbm import Booster
    from lightgbm.callback import CallbackEnv, EarlyStopException

__all__ = ["ReportTo"]

_FILE = "model.txt"


class ReportTo:
    """Reports a metric after every boosting round, and ends the boosting when the host says so.

    Example:
        >>> import lightgbm, numpy
        >>> def train(config, training):
        ...     data = lightgbm.Dataset(numpy.eye(80), numpy.arange(80.0), free_raw_data=False)
        ...     report = ReportTo(training, "valid l2")
        ...     rounds = config["n_estimators"] - training.epochs  # less those of a checkpoint
        ...     lightgbm.train({"eta": config["eta"]}, data, rounds, valid_sets=[data],
        ...                    valid_names=["valid"], callbacks=[report], init_model=report.saved)

    Args:
        training: What ``train(config, training)`` has got.
        metric: The metric as LightGBM prints it without ``'s``, ``NAME_OF_VALID_SET METRIC``.
            Another name is a ``ValueError`` after the first round.
    """

    order = 25  # after the log, before early stopping, which ends the round

    def __init__(self, training: EnergyTraining, metric: str) -> None:
        self._training = training
        self._metric = metric
        self.saved = saved(training, _FILE)
        """The model to go on from, for ``init_model``; None where the training starts anew."""

    def __call__(self, env: CallbackEnv) -> None:
        """Report.

        Raises:
            EarlyStopException: By which LightGBM ends the training and keeps the model.
        """
        found: list[Any] = env.evaluation_result_list or []
        values = {f"{data} {name}": value for data, name, value, *_ in found}
        stops = self._training.report(value_of(values, self._metric))
        ends = stops or env.iteration + 1 == env.end_iteration
        if ends and self._training.keeps_checkpoint and isinstance(env.model, Booster):  # no cv
            with saving(self._training, _FILE) as path:
                env.model.save_model(path)
        if stops:
            raise EarlyStopException(env.iteration, found)
