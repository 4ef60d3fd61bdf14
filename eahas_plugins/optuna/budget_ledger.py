"""Reads a study's trials into a balance; each finished trial is looked at once."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Sequence

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.energy.ledger import (
    ENERGY_ATTR,
    RESERVED_ATTR,
    STEP_ATTR,
    Balance,
    RunningTrial,
    known_kwh,
)

LEASE_ATTR = "energy_lease"
"""Trial attribute: [trial number, Unix time in s until which its reservation holds]."""
STOPPED_ATTR = "energy_stopped"
"""Trial attribute: {"by": "budget" | "trial_limit" | "no_room", "needed_kwh": …}."""


class StudyLedger:
    """The energy of one study as this process last saw it.

    Trials in every state count, as `energy_kwh` of the trial says. Finished trials never change,
    so their sum is kept; unfinished ones are read again every time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_seen = 0
        self._unfinished: set[int] = set()
        self._finished_kwh = 0.0
        self._typical: list[float] = []  # sorted energies of trials that ran as long as they wished
        self.finished: list[FrozenTrial] = []
        """Finished trials in the order in which this process saw them."""
        self.dearest_refusal_kwh = 0.0
        """The largest step that the budget has refused so far, kWh."""
        self.latest: Balance | None = None
        """The balance as last read."""

    def balance(self, study: Study, *, cap_kwh: float, now_s: float) -> Balance:
        """The balance of the study now.

        Args:
            study: The study this ledger belongs to.
            cap_kwh: The budget, kWh.
            now_s: Unix time, s.
        """
        with self._lock:
            trials = study.get_trials(deepcopy=False)
            running = []
            for number in [*sorted(self._unfinished), *range(self._n_seen, len(trials))]:
                trial = trials[number]
                if trial.state.is_finished():
                    self._unfinished.discard(number)
                    self._settle(trial, trials)
                    continue
                self._unfinished.add(number)
                if trial.state is TrialState.RUNNING:
                    running.append(_running(trial, trials, now_s))
            self._n_seen = len(trials)
            self.latest = Balance(
                cap_kwh=cap_kwh, finished_kwh=self._finished_kwh, running=tuple(running)
            )
            return self.latest

    def note_refusal(self, needed_kwh: float) -> None:
        """Remember a step that the budget has just refused, kWh."""
        self.dearest_refusal_kwh = max(self.dearest_refusal_kwh, needed_kwh)

    def has_finished(self, number: int) -> bool:
        """Whether trial ``number`` was finished when last looked at."""
        return number < self._n_seen and number not in self._unfinished

    def median_kwh(self) -> float | None:
        """Median energy of the trials seen finished that no budget cut short, kWh."""
        with self._lock:
            return self._typical[len(self._typical) // 2] if self._typical else None

    def _settle(self, trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> None:
        spent_kwh = _spent(trial, trials)
        self._finished_kwh += spent_kwh
        self.finished.append(trial)
        stopped = trial.user_attrs.get(STOPPED_ATTR)
        if isinstance(stopped, dict):
            if stopped.get("by") == "budget":
                self.note_refusal(known_kwh(stopped.get("needed_kwh")) or 0.0)
        elif trial.state is not TrialState.FAIL and spent_kwh > 0.0:
            bisect.insort(self._typical, spent_kwh)


def _running(trial: FrozenTrial, trials: Sequence[FrozenTrial], now_s: float) -> RunningTrial:
    attrs = trial.user_attrs
    lease = _lease(trial)
    if lease is not None and lease[0] != trial.number:  # a retry, not started yet
        return RunningTrial(number=trial.number, spent_kwh=_spent(trial, trials))
    return RunningTrial(
        number=trial.number,
        spent_kwh=_spent(trial, trials),
        reserved_kwh=known_kwh(attrs.get(RESERVED_ATTR)) or 0.0,
        step_kwh=known_kwh(attrs.get(STEP_ATTR)) or 0.0,
        # nobody renews a promise without a lease
        live=lease is not None and now_s < lease[1],
    )


def _spent(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> float:
    """Energy of a trial, kWh, and 0 for a retry that still shows the energy of the dead trial.

    Optuna copies the attributes of a trial that it retries. They are counted where they belong,
    with the dead trial, until the retry has written its own.
    """
    spent_kwh = known_kwh(trial.user_attrs.get(ENERGY_ATTR)) or 0.0
    lease = _lease(trial)
    if lease is None or lease[0] == trial.number:
        return spent_kwh
    if lease[0] not in trial.system_attrs.get("retry_history", ()):
        return spent_kwh
    inherited = known_kwh(trials[lease[0]].user_attrs.get(ENERGY_ATTR))
    return 0.0 if spent_kwh == inherited else spent_kwh


def _lease(trial: FrozenTrial) -> tuple[int, float] | None:
    lease = trial.user_attrs.get(LEASE_ATTR)
    if not isinstance(lease, list | tuple) or len(lease) != 2:
        return None
    return int(lease[0]), float(lease[1])
