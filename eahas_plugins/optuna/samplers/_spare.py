"""A pruner that leaves repetitions alone."""

from __future__ import annotations

from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.optuna.samplers._trials import PROMOTED_KEY


class SparePromotionsPruner(BasePruner):
    """Prunes as the wrapped pruner does, but never a repetition with a longer schedule.

    A repetition is among the best already; what compares it with new configurations, or a few
    repetitions with each other, would prune good ones.

    Args:
        wrapped_pruner: Any pruner. It is not asked about repetitions at all.
    """

    def __init__(self, wrapped_pruner: BasePruner) -> None:
        self._wrapped_pruner = wrapped_pruner

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial must end now."""
        if trial.user_attrs.get(PROMOTED_KEY) is not None:
            return False
        return self._wrapped_pruner.prune(study, trial)
