"""Reads a study's trials into a balance; each finished trial is looked at once."""

from __future__ import annotations

import bisect
import datetime
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from optuna.study import Study
from optuna.trial import TrialState

from eahas_plugins.budget.attributes import ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR, known_kwh
from eahas_plugins.budget.balance import Balance, RunningTrial
from eahas_plugins.optuna._origin import (
    ACCOUNT_ATTR,
    Accounts,
    Mark,
    first_start,
    is_made_up,
    mark_of,
    noted_accounts,
)
from eahas_plugins.optuna.budget.needs import Needs, expected_kwh_of
from eahas_plugins.optuna.budget.readers import (
    STOPPED_ATTR,
    Reader,
    SeenTrial,
    cut_short,
    reader_of,
)


class _Sight(NamedTuple):
    """What a running trial showed when it last changed, and when this process saw that."""

    shown: tuple[object, ...]
    at_s: float


class StudyLedger:
    """The energy of one study as this process last saw it.

    Trials that ran in the study count in every state, as their ``energy_kwh`` says (`origin` says
    which). Finished trials never change, so their sum is kept; unfinished ones are read again
    every time.

    A trial whose worker was lost before it reported any energy is charged the step that it had
    announced, else what was reserved for it, else the median of finished trials. A promise is
    believed for ``lease_s`` from when this process last saw its trial change, by its own clock.

    Args:
        lease_s: How long a promise is believed, s.
        count_added: Whether trials of other studies count too.
    """

    def __init__(self, *, lease_s: float, count_added: bool) -> None:
        self._lease_s = lease_s
        self._count_added = count_added
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._accounts = Accounts("", 0)  # none, until the study notes which it opens
        self._n_seen = 0
        self._unfinished: set[int] = set()
        self._ran_here: set[int] = set()  # unfinished trials without account that were seen to run
        self._sights: dict[int, _Sight] = {}
        self._marks: dict[int, tuple[object, Mark]] = {}  # of running trials
        self._own_kwh = 0.0
        self._n_lost = 0  # finished trials that nobody knows the energy of
        self._since: datetime.datetime | None = None
        self._earlier: list[tuple[datetime.datetime, float]] = []  # start, kWh
        self._added_kwh = 0.0
        self._made_up: dict[int, float] = {}  # number -> kWh
        self._watched_since = datetime.datetime.max
        self._typical: list[float] = []  # sorted energies of trials that ran as long as they wished
        self.cheapest_kwh: float | None = None
        """Energy of the cheapest complete trial, kWh."""
        self.dearest_refusal_kwh = 0.0
        """The largest step that the budget has refused so far, kWh."""
        self.n_refused = 0
        """Trials refused since the last one that ran as long as it wished."""
        self.needs = Needs()
        """What the latest trials needed."""
        self.silent: int | None = None
        """The first trial that was seen to run, and to be complete without energy."""
        self.trials_tell = False
        """Whether trials of the study tell themselves what they need."""
        self.latest: Balance | None = None
        """The balance as last read."""

    def balance(self, study: Study, *, cap_kwh: float, now_s: float) -> Balance:
        """The balance of the study now.

        Args:
            study: The study this ledger belongs to.
            cap_kwh: The budget, kWh.
            now_s: Any clock that never goes back, s.
        """
        with self._lock:
            if self._reader is None:
                self._note_ran(first_start(study))
                self._watched_since = datetime.datetime.now()  # as Optuna: local, without a zone
                self._reader = reader_of(study)
            running = []
            trials = self._reader.read(study, self._unfinished)
            # The reader gives a new one once: if the storage fails below, all are read again.
            self._unfinished.update(trial.number for trial in trials)
            self._n_seen = max([self._n_seen, *(trial.number + 1 for trial in trials)])
            if not self._accounts.name:  # noted first, opened later: else none of these has one
                self._accounts = noted_accounts(study) or self._accounts
            for trial in trials:
                if trial.state is TrialState.RUNNING:
                    running.append(self._running(study, trial, now_s))
                elif trial.state.is_finished():
                    self._settle(study, trial)
                    self._unfinished.discard(trial.number)
            self.latest = Balance(
                cap_kwh=cap_kwh, finished_kwh=self._finished_kwh(), running=tuple(running)
            )
            return self.latest

    @property
    def untouched(self) -> bool:
        """Whether no trial is known to have run here."""
        return self._since is None

    @property
    def since(self) -> datetime.datetime | None:
        """Start of the first trial that is known to have run here."""
        return self._since

    @property
    def left_out_kwh(self) -> tuple[float, float]:
        """Energy that does not count, of added trials and of earlier ones without account, kWh."""
        if self._count_added:
            return 0.0, 0.0
        if self.untouched:
            return self._added_kwh, 0.0
        return self._added_kwh + sum(self._made_up.values()), sum(kwh for _, kwh in self._earlier)

    def note_refusal(self, needed_kwh: float) -> None:
        """Remember a step that the budget has just refused, kWh."""
        self.dearest_refusal_kwh = max(self.dearest_refusal_kwh, needed_kwh)

    def note_ran(self, number: int, start: datetime.datetime | None) -> None:
        """A trial that started then has run in this study."""
        with self._lock:
            self._note_ran(start)
            if self.has_finished(number):
                self._own_kwh += self._made_up.pop(number, 0.0)
            else:
                self._ran_here.add(number)

    def _note_ran(self, start: datetime.datetime | None) -> None:
        if start is None or (self._since is not None and self._since <= start):
            return
        self._since = start
        self._own_kwh += sum(kwh for begun, kwh in self._earlier if begun >= start)
        self._earlier = [(begun, kwh) for begun, kwh in self._earlier if begun < start]

    def has_finished(self, number: int) -> bool:
        """Whether trial ``number`` was finished when last looked at."""
        return number < self._n_seen and number not in self._unfinished

    def median_kwh(self) -> float | None:
        """Median energy of the trials seen finished that no budget cut short, kWh."""
        with self._lock:
            return self._median_kwh()

    def _median_kwh(self) -> float | None:
        return self._typical[len(self._typical) // 2] if self._typical else None

    def _finished_kwh(self) -> float:
        finished_kwh = self._own_kwh
        if self._n_lost:
            finished_kwh += self._n_lost * (self._median_kwh() or 0.0)
        if self._count_added or self.untouched:
            finished_kwh += sum(self._made_up.values()) + sum(kwh for _, kwh in self._earlier)
        return finished_kwh + self._added_kwh if self._count_added else finished_kwh

    def _running(self, study: Study, trial: SeenTrial, now_s: float) -> RunningTrial:
        number, attrs = trial.number, trial.user_attrs
        mark = self._own_mark(trial)
        spent_kwh = known_kwh(attrs.get(ENERGY_ATTR)) or 0.0
        if mark is None:  # nobody renews its promises, which may be copies of another trial's
            others = mark_of(attrs)
            if others is None:
                self._ran_here.add(number)
                self._note_ran(trial.datetime_start)
            else:
                spent_kwh = self._retried_kwh(study, trial, others) or 0.0
            return RunningTrial(number=number, spent_kwh=spent_kwh, live=False)
        if mark.state == "waiting":
            self._sights.pop(number, None)  # it is alive again when it begins
            return RunningTrial(number=number, spent_kwh=0.0, live=False)
        reserved_kwh = known_kwh(attrs.get(RESERVED_ATTR)) or 0.0
        step_kwh = known_kwh(attrs.get(STEP_ATTR)) or 0.0
        shown = (spent_kwh, reserved_kwh, step_kwh, mark.n_renewals)
        live = self._is_live(number, shown, now_s)
        if not (live or spent_kwh or cut_short(attrs)):
            spent_kwh = expected_kwh_of(attrs) or self._median_kwh() or 0.0
        return RunningTrial(number, spent_kwh, reserved_kwh, step_kwh, live)

    def _own_mark(self, trial: SeenTrial) -> Mark | None:
        """The running trial's account, if it is its own; looked at closely when it changes."""
        raw = trial.user_attrs.get(ACCOUNT_ATTR)
        known = self._marks.get(trial.number)
        if known is not None and known[0] == raw:
            return known[1]
        mark = mark_of(trial.user_attrs)
        if mark is None or not self._accounts.own(mark, trial.number):
            return None
        self._marks[trial.number] = raw, mark
        self._note_ran(trial.datetime_start)
        self.trials_tell |= mark.tells
        return mark

    def _is_live(self, number: int, shown: tuple[object, ...], now_s: float) -> bool:
        sight = self._sights.get(number)
        if sight is None or sight.shown != shown:
            self._sights[number] = _Sight(shown, now_s)
            return True
        return now_s - sight.at_s < self._lease_s

    def _settle(self, study: Study, trial: SeenTrial) -> None:
        number, attrs, start = trial.number, trial.user_attrs, trial.datetime_start
        kwh = known_kwh(attrs.get(ENERGY_ATTR)) or 0.0
        mark = mark_of(attrs)
        ran_here = number in self._ran_here
        self._ran_here.discard(number)
        self._sights.pop(number, None)
        self._marks.pop(number, None)
        if mark is not None and self._accounts.own(mark, number):
            self._note_ran(start)
            self.trials_tell |= mark.tells
            self.needs.learn(attrs, kwh)
            if not kwh and trial.state is TrialState.FAIL and mark.state == "open":
                self._charge_lost(attrs)
            self._own_kwh += kwh
        elif mark is not None:
            retried_kwh = self._retried_kwh(study, trial, mark)
            self._own_kwh += retried_kwh or 0.0
            self._added_kwh += kwh if retried_kwh is None else 0.0
        elif ran_here:
            self._own_kwh += kwh
        elif start is None or is_made_up(start, trial.datetime_complete):
            self._made_up[number] = kwh
        else:
            if start >= self._watched_since:
                self._note_ran(start)  # it was run, and asked for, while this process looked on
            if self._since is not None and start >= self._since:
                self._own_kwh += kwh
            else:
                self._earlier.append((start, kwh))
        self._learn(trial, kwh)

    def _charge_lost(self, attrs: Mapping[str, Any]) -> None:
        """Charge a trial whose worker was lost before it reported any energy."""
        if cut_short(attrs):
            return  # it never began
        expected_kwh = expected_kwh_of(attrs)
        if expected_kwh:
            self._own_kwh += expected_kwh
        else:
            self._n_lost += 1

    def _learn(self, trial: SeenTrial, kwh: float) -> None:
        by = cut_short(trial.user_attrs)
        if by is not None:
            self.n_refused += by != "trial_limit"
            if by == "budget":
                needed_kwh = trial.user_attrs[STOPPED_ATTR].get("needed_kwh")
                self.note_refusal(known_kwh(needed_kwh) or 0.0)
        elif trial.state is not TrialState.FAIL and kwh > 0.0:
            self.n_refused = 0
            bisect.insort(self._typical, kwh)
            if trial.state is TrialState.COMPLETE:
                self.cheapest_kwh = min(kwh, self.cheapest_kwh or kwh)
        elif trial.state is TrialState.COMPLETE and self.silent is None:
            start = trial.datetime_start
            if start is not None and start >= self._watched_since:
                self.silent = None if is_made_up(start, trial.datetime_complete) else trial.number

    def _retried_kwh(self, study: Study, trial: SeenTrial, mark: Mark) -> float | None:
        """Energy of a retry that has not opened its account; None if it is no retry.

        Optuna copies the attributes of a trial that it retries. They are counted where they
        belong, with the dead trial, until the retry has written its own.
        """
        if mark.study != self._accounts.name:
            return None
        trials = study.get_trials(deepcopy=False)
        if mark.number not in trials[trial.number].system_attrs.get("retry_history", ()):
            return None
        kwh = known_kwh(trial.user_attrs.get(ENERGY_ATTR)) or 0.0
        inherited_kwh = known_kwh(trials[mark.number].user_attrs.get(ENERGY_ATTR))
        return 0.0 if kwh == inherited_kwh else kwh
