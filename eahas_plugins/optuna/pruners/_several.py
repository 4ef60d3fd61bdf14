"""Studies with several objectives have no pruner that could be asked."""

from __future__ import annotations

from optuna.study import Study

from eahas_plugins.optuna.pruners._shared import check_prunable
from eahas_plugins.optuna.pruners.hyperband import EnergyHyperbandPruner
from eahas_plugins.optuna.pruners.limit import EnergyBudgetPruner
from eahas_plugins.optuna.pruners.marginal_gain import MarginalGainPruner
from eahas_plugins.optuna.pruners.schedule_relative import ScheduleRelativePruner
from eahas_plugins.optuna.pruners.successive_halving import EnergySuccessiveHalvingPruner

OURS = (
    EnergyBudgetPruner,
    EnergyHyperbandPruner,
    EnergySuccessiveHalvingPruner,
    MarginalGainPruner,
    ScheduleRelativePruner,
)


def refuse_idle_pruner(study: Study) -> None:
    """Say at once that a pruner of ours would never be asked.

    Optuna's own are let be: its ``create_study`` sets one that nobody has asked for.

    Raises:
        ValueError: If the study has several objectives and a pruner of ours.
    """
    if isinstance(study.pruner, OURS):
        check_prunable(study, type(study.pruner).__name__)
