"""Reads of a study only what a budget needs, and only what may have changed.

Optuna's public way, ``study.get_trials``, also loads parameters and all intermediate values of the
running trials, at every check. For databases two narrow queries do.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.storages import InMemoryStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from eahas_plugins.budget.attributes import ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR
from eahas_plugins.optuna._compat import (
    database_engine,
    database_tables,
    database_times,
    memory_storage,
    study_id_of,
)
from eahas_plugins.optuna._origin import ACCOUNT_ATTR

STOPPED_ATTR = "energy_stopped"
"""Trial attribute: {"by": "budget" | "trial_limit" | "no_room" | "pruner" | "objective", …}, with
the numbers that decided: ``needed_kwh`` for its next step or the whole trial, ``spent_kwh`` and
``cap_kwh`` of the study, ``limit_kwh`` of the trial, ``pruner``."""
_CUT_SHORT = ("budget", "trial_limit", "no_room")
_KEYS = (ENERGY_ATTR, RESERVED_ATTR, STEP_ATTR, ACCOUNT_ATTR, STOPPED_ATTR)
_BATCH = 500  # databases limit how many values a query may name


def cut_short(attrs: Mapping[str, Any]) -> str | None:
    """Which rule of the budget ended the trial, if one did."""
    stopped = attrs.get(STOPPED_ATTR)
    by = stopped.get("by") if isinstance(stopped, dict) else None
    return by if by in _CUT_SHORT else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRow:
    """What a budget needs of a trial in a database, by the names that ``FrozenTrial`` has for it.

    Args:
        number: Its number.
        state: Its state.
        datetime_start: When it started.
        datetime_complete: When it ended.
        user_attrs: Those of its user attributes that belong to the budget.
    """

    number: int
    state: TrialState
    datetime_start: datetime.datetime | None
    datetime_complete: datetime.datetime | None
    user_attrs: Mapping[str, Any]


SeenTrial = FrozenTrial | TrialRow


class TrialReader:
    """Reads the trials of any storage."""

    def __init__(self) -> None:
        self._n_seen = 0

    def read(self, study: Study, unfinished: Collection[int]) -> list[FrozenTrial]:
        """The trials in ``unfinished`` and those that are new since the last read, by number."""
        trials = study.get_trials(deepcopy=False)
        known = [trials[number] for number in sorted(unfinished)]
        new = trials[self._n_seen :]
        self._n_seen = len(trials)
        return known + new


class MemoryReader:
    """Reads the trials of a study in memory one by one.

    Optuna's public way copies the list of all trials, at every check.

    Args:
        storage: The study's storage.
        study_id: Id of the study in it.
    """

    def __init__(self, storage: InMemoryStorage, study_id: int) -> None:
        self._storage = storage
        self._study_id = study_id
        self._ids: list[int] = []  # by number

    def read(self, study: Study, unfinished: Collection[int]) -> list[FrozenTrial]:
        """The trials in ``unfinished`` and those that are new since the last read, by number."""
        ids, storage = self._ids, self._storage
        wanted = [ids[number] for number in sorted(unfinished)]
        n_known = len(ids)
        try:
            while True:
                ids.append(
                    storage.get_trial_id_from_study_id_trial_number(self._study_id, len(ids))
                )
        except KeyError:  # there is no trial of this number yet
            pass
        return [storage.get_trial(trial_id) for trial_id in wanted + ids[n_known:]]


class DatabaseReader:
    """Reads the trials of a relational database, past Optuna's objects.

    Args:
        engine: The engine of Optuna's storage.
        tables: Its tables of trials and of their user attributes.
        times: The columns of a trial's start and end, and whether they are in UTC.
        study_id: Id of the study in it.
    """

    def __init__(
        self,
        engine: Any,
        tables: tuple[Any, Any],
        times: tuple[Any, Any, bool],
        study_id: int,
    ) -> None:
        self._engine = engine
        self._tables = tables
        self._study_id = study_id
        self._start, self._complete, self._in_utc = times
        self._last_id = -1
        self._ids: dict[int, int] = {}  # number -> id of unfinished trials

    def read(self, study: Study, unfinished: Collection[int]) -> list[TrialRow]:
        """The trials in ``unfinished`` and those that are new since the last read, by number."""
        from sqlalchemy import select

        self._ids = {number: self._ids[number] for number in unfinished}
        table, attributes = self._tables
        columns = select(
            table.trial_id,
            table.number,
            table.state,
            self._start.label("start"),
            self._complete.label("complete"),
        )
        # "+ 0" keeps SQLite from preferring the index of the study, which holds every trial
        new = columns.where(table.trial_id > self._last_id, table.study_id + 0 == self._study_id)
        with self._engine.connect() as connection:
            rows = list(connection.execute(new))
            for ids in _batches(list(self._ids.values())):
                rows += connection.execute(columns.where(table.trial_id.in_(ids)))
            attrs: dict[int, dict[str, Any]] = {row.trial_id: {} for row in rows}
            for ids in _batches(list(attrs)):
                found = connection.execute(
                    select(attributes.trial_id, attributes.key, attributes.value_json).where(
                        attributes.trial_id.in_(ids), attributes.key.in_(_KEYS)
                    )
                )
                for trial_id, key, value in found:
                    attrs[trial_id][key] = json.loads(value)
        for row in rows:
            self._last_id = max(self._last_id, row.trial_id)
            self._ids[row.number] = row.trial_id
        trials = [
            TrialRow(
                number=row.number,
                state=row.state,
                datetime_start=self._local(row.start),
                datetime_complete=self._local(row.complete),
                user_attrs=attrs[row.trial_id],
            )
            for row in rows
        ]
        return sorted(trials, key=lambda trial: trial.number)

    def _local(self, time: datetime.datetime | None) -> datetime.datetime | None:
        """A time as Optuna gives it to Python: local, without a zone."""
        if time is None or not self._in_utc:
            return time
        return time.replace(tzinfo=datetime.UTC).astimezone().replace(tzinfo=None)


Reader = TrialReader | MemoryReader | DatabaseReader


def reader_of(study: Study) -> Reader:
    """The fastest reader for the storage of a study; Optuna's public way where it is unknown."""
    memory = memory_storage(study)
    if memory is not None:
        return MemoryReader(memory, study_id_of(study))
    engine, tables = database_engine(study), database_tables()
    if engine is None or tables is None:
        return TrialReader()
    times = database_times(tables[0])
    return (
        TrialReader()
        if times is None
        else DatabaseReader(engine, tables, times, study_id_of(study))
    )


def _batches(ids: list[int]) -> list[list[int]]:
    return [ids[i : i + _BATCH] for i in range(0, len(ids), _BATCH)]
