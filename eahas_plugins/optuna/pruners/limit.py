"""A limit of energy per trial around any pruner."""

from __future__ import annotations

from optuna.pruners import BasePruner, NopPruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from eahas_plugins.arguments import check_made
from eahas_plugins.budget.attributes import kwh_argument
from eahas_plugins.optuna._trials import energy_of
from eahas_plugins.optuna.pruners._shared import check_prunable, exceeds
from eahas_plugins.optuna.pruners._silence import SilenceWatch


class EnergyBudgetPruner(BasePruner):
    """Ends a trial at its energy limit, and otherwise asks another pruner.

    Energy is read from ``trial.user_attrs["energy_kwh"]``; a trial that has not reported any is
    left to the other pruner, and a warning says if none has. Where ``energy_step_kwh`` tells the
    energy of the next step, a trial ends before it would pass the limit. To cap the energy of a
    whole study use ``EnergyBudget``.

    Example:
        >>> from optuna.pruners import MedianPruner
        >>> pruner = EnergyBudgetPruner(MedianPruner(), trial_limit_kwh=0.01)

    Args:
        wrapped_pruner: The pruner to ask below the limit; None for none.
        trial_limit_kwh: The most a trial may spend, kWh. Positive.

    Raises:
        ValueError: If ``trial_limit_kwh`` is out of range (NaN included).
        TypeError: If ``wrapped_pruner`` is not a pruner.
    """

    def __init__(self, wrapped_pruner: BasePruner | None = None, *, trial_limit_kwh: float) -> None:
        if wrapped_pruner is None:
            wrapped_pruner = NopPruner()
        check_made(BasePruner, wrapped_pruner=wrapped_pruner)
        self.wrapped_pruner = wrapped_pruner
        self._silence = SilenceWatch(type(self).__name__)
        self.trial_limit_kwh = kwh_argument("trial_limit_kwh", trial_limit_kwh)

    @property
    def max_kwh(self) -> float:
        """The most a trial may spend, kWh, by this limit or the wrapped pruner's."""
        wrapped_kwh: float | None = getattr(self.wrapped_pruner, "max_kwh", None)
        return min(self.trial_limit_kwh, wrapped_kwh or self.trial_limit_kwh)

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial is at its limit or the wrapped pruner wants it to end."""
        check_prunable(study, type(self).__name__)
        if energy_of(trial) is None:
            self._silence.look(study)
        return exceeds(trial, self.trial_limit_kwh) or self.wrapped_pruner.prune(study, trial)
