"""Whether anything succeeds in a study."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.models.chance import MOST_IN_VAIN
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.optuna._trials import energy_of
from eahas_plugins.optuna.budget.summary import Outcome


@dataclass(slots=True)
class _Seen:
    """What is known of one study: the first trial that counts, and how the first one failed."""

    since: int
    first_error: str = ""
    has_succeeded: bool = False


class Failures(LocalState):
    """Ends studies in which every trial fails, as a wrong path or a missing package makes them.

    They need so little energy that no budget ends them. Trials count from when this process first
    sees the study: one that is run again, once the cause is mended, gets as many.
    """

    def __init__(self) -> None:
        self._make_local()

    def _make_local(self) -> None:
        self._lock = threading.Lock()
        self._made_at = datetime.datetime.now()
        self._studies: WeakKeyDictionary[Study, _Seen] = WeakKeyDictionary()

    def watch(self, study: Study) -> _Seen:
        """Begin to count, if this process sees the study for the first time."""
        seen = self._studies.get(study)
        if seen is None:
            with self._lock:
                trials = study.get_trials(deepcopy=False)
                latest = trials[-1].datetime_complete if trials else self._made_at
                is_new = latest is None or latest > self._made_at  # it runs, or has just ended
                seen = self._studies.setdefault(study, _Seen(since=len(trials) - is_new))
        return seen

    def forget(self, study: Study) -> None:
        """Begin anew when the study is seen again."""
        with self._lock:
            self._studies.pop(study, None)

    def in_vain(self, study: Study, outcome: Outcome | None) -> str | None:
        """That every trial fails, in words, if so many have.

        Args:
            study: The study.
            outcome: How a trial ends that the study still shows as running.
        """
        seen = self.watch(study)
        if seen.has_succeeded:
            return None
        trials = study.get_trials(deepcopy=False)
        failing = outcome is not None and outcome.state is TrialState.FAIL
        if outcome is not None and failing:
            seen.first_error = seen.first_error or outcome.error
        seen.has_succeeded = any(map(_has_trained, trials[seen.since :])) or (
            outcome is not None and outcome.state is TrialState.COMPLETE
        )
        n = failing + sum(t.state is TrialState.FAIL for t in trials[seen.since :])
        if seen.has_succeeded or n < MOST_IN_VAIN:
            return None
        why = f", the first with: {seen.first_error}" if seen.first_error else ""
        return f"all {n} trials since this process began have failed{why}"


def _has_trained(trial: FrozenTrial) -> bool:
    """Whether a trial has ended well, or was pruned while it trained."""
    if trial.state is TrialState.PRUNED:
        return bool(trial.intermediate_values or energy_of(trial))
    return trial.state is TrialState.COMPLETE
