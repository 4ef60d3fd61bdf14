"""Reads a study's trials into a balance; each finished trial is looked at once."""

from __future__ import annotations

import bisect
import threading

from optuna.study import Study
from optuna.trial import TrialState

from eahas_plugins.budget.attributes import ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR, known_kwh
from eahas_plugins.budget.balance import Balance, RunningTrial
from eahas_plugins.optuna.budget.readers import (
    LEASE_ATTR,
    STOPPED_ATTR,
    Reader,
    SeenTrial,
    reader_of,
)


class StudyLedger:
    """The energy of one study as this process last saw it.

    Trials in every state count, as `energy_kwh` of the trial says. Finished trials never change,
    so their sum is kept; unfinished ones are read again every time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._n_seen = 0
        self._unfinished: set[int] = set()
        self._finished_kwh = 0.0
        self._typical: list[float] = []  # sorted energies of trials that ran as long as they wished
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
            if self._reader is None:
                self._reader = reader_of(study)
            running = []
            for trial in self._reader.read(study, self._unfinished):
                number = trial.number
                if number >= self._n_seen:
                    self._n_seen = number + 1
                    self._unfinished.add(number)
                if trial.state is TrialState.RUNNING:
                    running.append(_running(study, trial, now_s))
                elif trial.state.is_finished():
                    self._unfinished.discard(number)
                    self._settle(study, trial)
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

    def _settle(self, study: Study, trial: SeenTrial) -> None:
        spent_kwh = _spent(study, trial, _lease(trial))
        self._finished_kwh += spent_kwh
        stopped = trial.user_attrs.get(STOPPED_ATTR)
        if isinstance(stopped, dict):
            if stopped.get("by") == "budget":
                self.note_refusal(known_kwh(stopped.get("needed_kwh")) or 0.0)
        elif trial.state is not TrialState.FAIL and spent_kwh > 0.0:
            bisect.insort(self._typical, spent_kwh)


def _running(study: Study, trial: SeenTrial, now_s: float) -> RunningTrial:
    number, attrs, lease = trial.number, trial.user_attrs, _lease(trial)
    return RunningTrial(
        number=number,
        spent_kwh=_spent(study, trial, lease),
        reserved_kwh=known_kwh(attrs.get(RESERVED_ATTR)) or 0.0,
        step_kwh=known_kwh(attrs.get(STEP_ATTR)) or 0.0,
        # Nobody renews a promise without a lease, and another trial's lease was copied to a retry.
        live=lease is not None and lease[0] == number and now_s < lease[1],
    )


def _spent(study: Study, trial: SeenTrial, lease: tuple[int, float] | None) -> float:
    """Energy of a trial, kWh, and 0 for a retry that still shows the energy of the dead trial.

    Optuna copies the attributes of a trial that it retries. They are counted where they belong,
    with the dead trial, until the retry has written its own.
    """
    spent_kwh = known_kwh(trial.user_attrs.get(ENERGY_ATTR)) or 0.0
    if lease is None or lease[0] == trial.number:
        return spent_kwh
    trials = study.get_trials(deepcopy=False)
    if lease[0] not in trials[trial.number].system_attrs.get("retry_history", ()):
        return spent_kwh
    inherited_kwh = known_kwh(trials[lease[0]].user_attrs.get(ENERGY_ATTR))
    return 0.0 if spent_kwh == inherited_kwh else spent_kwh


def _lease(trial: SeenTrial) -> tuple[int, float] | None:
    lease = trial.user_attrs.get(LEASE_ATTR)
    if not isinstance(lease, (list, tuple)) or len(lease) != 2:
        return None
    return int(lease[0]), float(lease[1])
