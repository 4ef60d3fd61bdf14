"""Which trials ran in a study, and which came from another one.

Optuna's ``add_trials`` leaves no trace: an added trial looks like one that ran here. So a trial
that starts under a budget or an ``EnergyTracker`` gets an account, an attribute that names its
study and number. It is written before the training, by the trial's own worker, and nobody else
changes it, so it says the same to any number of processes, after a kill and after a restart. A
trial that Optuna retries carries the account of the dead trial until it starts, and one that was
added carries that of the other study. A study that was copied whole (``copy_study``) goes on with
the accounts of its original: it has a copy of the note under which name they were opened. Where a
study has trials with accounts under its own name before it has that note, they came from another
study of this name, such as its predecessor in another file.

What has no account is judged by the first trial that is known to have run here: what started after
it ran here as well, without a budget; what started before may be from anywhere. A trial that starts
and ends while a budget looks on ran here.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from optuna.exceptions import StorageInternalError
from optuna.study import Study
from optuna.trial import Trial

from eahas_plugins.optuna._compat import storage_of, stored_time, study_id_of

ACCOUNT_ATTR = "energy_account"
"""Trial attribute: [name of the study, number of the trial, state of the account, counter, told].

The counter goes up when a trial reports and nothing else has changed that shows it alive. The last
is there, and true, if the trial has told itself what it needs."""
# The same key in the system attributes of a study: the name under which it opens accounts.
_FIRST_KEY = "energy_account_first"
SINCE_ATTR = "energy_since"
"""Study attribute: start of the first trial that a budget saw run here without an account, UTC."""

State = Literal["open", "waiting", "closed"]
"""``waiting`` for room in the budget, with no training yet; ``closed`` after a training that ended
by itself without reporting energy. All others stay open."""


class Mark(NamedTuple):
    """Whose account a trial carries.

    Args:
        study: Name of the study, or of the one that it is a copy of.
        number: Number of the trial.
        state: State of the account.
        n_renewals: The counter.
        tells: Whether the trial has told itself what it needs.
    """

    study: str
    number: int
    state: str
    n_renewals: object = 0
    tells: bool = False


class Accounts(NamedTuple):
    """Which accounts a study opens itself.

    Args:
        name: The name under which it opens them.
        first: Number of the first trial that may have one; those before came with theirs.
    """

    name: str
    first: int

    def own(self, mark: Mark, number: int) -> bool:
        """Whether the account that a trial carries is its own."""
        return mark.study == self.name and mark.number == number >= self.first


_signed: WeakKeyDictionary[Study, Accounts] = WeakKeyDictionary()


def mark_of(attrs: Mapping[str, Any]) -> Mark | None:
    """The account that a trial carries, if any."""
    mark = attrs.get(ACCOUNT_ATTR)
    if not isinstance(mark, (list, tuple)) or len(mark) < 3 or not isinstance(mark[1], int):
        return None
    n_renewals, tells = (*mark[3:5], 0, False)[:2] if len(mark) < 5 else mark[3:5]
    return Mark(str(mark[0]), mark[1], str(mark[2]), n_renewals, tells is True)


def sign(study: Study) -> Accounts:
    """Return which accounts a study opens, and note it in the study.

    Any number of processes may do so at once: they write the same.
    """
    known = _signed.get(study)
    if known is not None:
        return known
    accounts = accounts_of(study)
    if noted_accounts(study) is None:
        storage, study_id = storage_of(study), study_id_of(study)
        if accounts.first:
            storage.set_study_system_attr(study_id, _FIRST_KEY, accounts.first)
        storage.set_study_system_attr(study_id, ACCOUNT_ATTR, accounts.name)
    _signed[study] = accounts
    return accounts


def accounts_of(study: Study) -> Accounts:
    """Which accounts a study opens, whether that is noted yet or not."""
    noted = noted_accounts(study)
    if noted is not None:
        return noted
    name, trials = study.study_name, study.get_trials(deepcopy=False)
    marks = ((trial.number, mark_of(trial.user_attrs)) for trial in trials)
    foreign = [number for number, mark in marks if mark is not None and mark.study == name]
    # noted first, opened later: who has just opened one of these has noted it by now
    return noted_accounts(study) or Accounts(name, max(foreign, default=-1) + 1)


def noted_accounts(study: Study) -> Accounts | None:
    """Which accounts a study opens, if that is noted: before it is, it has opened none."""
    attrs = storage_of(study).get_study_system_attrs(study_id_of(study))
    name, first = attrs.get(ACCOUNT_ATTR), attrs.get(_FIRST_KEY)
    return Accounts(name, first if isinstance(first, int) else 0) if isinstance(name, str) else None


def open_account(trial: object) -> None:
    """Note that a trial starts in its study; a ``FixedTrial``, which has none, is left alone."""
    if isinstance(trial, Trial):
        mark, accounts = mark_of(trial.user_attrs), sign(trial.study)
        if mark is None or not accounts.own(mark, trial.number):
            trial.set_user_attr(ACCOUNT_ATTR, [accounts.name, trial.number, "open", 0])


def first_start(study: Study) -> datetime.datetime | None:
    """Start of the first trial that a budget saw run here without an account, if it left word.

    In local time without a zone, as Optuna gives the times of trials.
    """
    since = study.user_attrs.get(SINCE_ATTR)
    try:
        start = datetime.datetime.fromisoformat(since) if isinstance(since, str) else None
        aware = start is not None and start.tzinfo is not None
        return start.astimezone().replace(tzinfo=None) if start and aware else start
    except (ValueError, OverflowError):
        return None


def leave_word(study: Study, since: datetime.datetime) -> None:
    """Note the start, in local time as Optuna gives it, so that it means the same everywhere.

    Optuna 4 gives the writer's local time to readers in any zone, and so does this.

    Who may only read the storage finds the same start by itself.
    """
    with contextlib.suppress(StorageInternalError):
        study.set_user_attr(SINCE_ATTR, stored_time(since).isoformat())


def is_made_up(start: datetime.datetime | None, end: datetime.datetime | None) -> bool:
    """Whether `create_trial` made a trial, which gives one time as both."""
    if start is None or start != end:
        return False
    return start.microsecond > 0  # databases that keep whole seconds have equal ones too
