"""Says once that a pruner has nothing to go by."""

from __future__ import annotations

import logging
from collections.abc import Callable

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.optuna._per_study import PerStudy
from eahas_plugins.optuna._trials import energy_of

_log = logging.getLogger(__name__)


class _Heard:
    """Whether the question is settled in one study."""

    def __init__(self) -> None:
        self.settled = False


class SilenceWatch:
    """Warns once in a study of which no trial tells a pruner what it needs.

    Args:
        owner: Name of the pruner.
        told: Whether a trial has told it; by default whether it has reported its energy.
        needed: What is needed, for the message.
    """

    def __init__(
        self,
        owner: str,
        *,
        told: Callable[[FrozenTrial], bool] | None = None,
        needed: str = 'its energy, trial.set_user_attr("energy_kwh", …) or EnergyTracker',
    ) -> None:
        self._owner = owner
        self._told = _reports_energy if told is None else told
        self._needed = needed
        self._studies: PerStudy[_Heard] = PerStudy(_Heard)

    def look(self, study: Study) -> None:
        """A trial has reported a value and nothing else: is there one that has?"""
        heard = self._studies.of(study)
        if heard.settled:
            return
        ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        ended = [trial for trial in ended if trial.intermediate_values]
        if not ended:
            return
        heard.settled = True
        if not any(map(self._told, ended)):
            _log.warning(
                "%s prunes nothing: a trial must report %s, but none of %d that have ended did.",
                *(self._owner, self._needed, len(ended)),
            )


def _reports_energy(trial: FrozenTrial) -> bool:
    return energy_of(trial) is not None
