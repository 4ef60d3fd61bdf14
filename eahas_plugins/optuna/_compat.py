"""Every private name of Optuna that this package uses, in one place.

Checked on Optuna 4.5.0 and 5.0.0. Each name stands here because Optuna has no public way:

- ``Study._storage``, ``Study._study_id``, ``FrozenTrial._trial_id``: samplers and pruners are given
  a study and a frozen trial, and what they find out must be where every worker sees it.
- ``Study._get_trials``, ``Study._thread_local``: Optuna's samplers read trials through them.
- ``_FilteredStudy._study``: the study behind the view that Hyperband gives to a sampler.
- ``TPESampler._sample``, ``TPESampler._compute_acquisition_func``, ``GPSampler._optimize_acqf`` and
  ``optuna._gp.acqf.BaseAcquisitionFunc``: where an acquisition can be changed.
- ``FrozenTrial.system_attrs["fixed_params"]`` and ``["constraints"]``: the keys are Optuna's own.
- ``RDBStorage._backend.engine`` and ``optuna.storages._rdb.models``: the tables of a database.
- ``JournalStorage._backend._file_path``: where a journal lies, so that checkpoints lie beside it.

A class asks for the names it needs when it is made (`require`), so that a future Optuna without one
of them costs that class alone; the others say so at their first use (`_private`).
"""

from __future__ import annotations

import datetime
import importlib
import weakref
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import GPSampler, TPESampler
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.study import Study
from optuna.trial import FrozenTrial

CHECKED_VERSIONS = ("4.5.0", "5.0.0")
_TIMES = ("datetime_start", "datetime_complete")
_TIMES_ARE_LOCAL = int(optuna.__version__.split(".")[0]) < 5

NEEDED: Mapping[str, tuple[tuple[type, str], ...]] = {
    "EnergyTPESampler": ((TPESampler, "_sample"), (TPESampler, "_compute_acquisition_func")),
    "EnergyGPSampler": ((GPSampler, "_optimize_acqf"),),
    "SchedulePromotionSampler": ((Study, "_get_trials"),),
}
"""Names of Optuna's classes, by the class of ours that overrides them."""


def require(owner: str) -> None:
    """Check that Optuna has what a class of ours overrides.

    Args:
        owner: Name of the class, a key of `NEEDED`.

    Raises:
        ImportError: If a name is missing; the message says which and what to install.
    """
    for holder, name in NEEDED[owner]:
        if not hasattr(holder, name):
            raise ImportError(_missing(owner, f"{holder.__name__}.{name}"))


def stored_time(time: datetime.datetime) -> datetime.datetime:
    """A trial's time as its study keeps it: UTC, before Optuna 5 the local time of the writer."""
    return time if _TIMES_ARE_LOCAL else time.astimezone(datetime.UTC)


def base_acquisition() -> Any:
    """The class of Optuna's acquisition functions, for `EnergyGPSampler`; imports torch.

    Raises:
        ImportError: If this Optuna has none.
    """
    name = "BaseAcquisitionFunc"
    found = getattr(importlib.import_module("optuna._gp.acqf"), name, None)
    if found is None:
        raise ImportError(_missing("EnergyGPSampler", f"optuna._gp.acqf.{name}"))
    return found


def storage_of(study: Study) -> BaseStorage:
    """The storage of a study.

    Raises:
        ImportError: If this Optuna keeps it elsewhere.
    """
    storage: BaseStorage = _private(study, "_storage")
    return storage


def study_id_of(study: Study) -> int:
    """The number of a study in its storage.

    Raises:
        ImportError: If this Optuna keeps it elsewhere.
    """
    study_id: int = _private(study, "_study_id")
    return study_id


def study_key(study: Study) -> Hashable:
    """What two objects of the same study in one process agree in.

    The public name costs a read of the storage each time. The storage is held weakly: its ``id``
    could be that of a later one.
    """
    return (weakref.ref(storage_of(study)), study_id_of(study))


def study_behind(study: Study) -> Study:
    """The study behind a view of some of its trials: ours, or the one of Optuna's Hyperband."""
    while inner := getattr(study, "whole_study", None) or getattr(study, "_study", None):
        study = inner
    return study


def share_read_trials(view: Study, study: Study) -> None:
    """Let a copy of a study use the trials that the study has read in this thread.

    Raises:
        ImportError: If this Optuna keeps them elsewhere.
    """
    view._thread_local = _private(study, "_thread_local")


def set_user_attr(study: Study, trial: FrozenTrial, key: str, value: Any) -> None:
    """Write a user attribute of a running trial, of which samplers have the frozen form."""
    storage_of(study).set_trial_user_attr(_private(trial, "_trial_id"), key, value)


def set_system_attr(study: Study, trial: FrozenTrial, key: str, value: Any) -> None:
    """Write a system attribute of a running trial, as Optuna's own pruners do."""
    storage_of(study).set_trial_system_attr(_private(trial, "_trial_id"), key, value)


def is_enqueued(trial: FrozenTrial) -> bool:
    """Whether the user has fixed parameters of this trial (``enqueue_trial``), or it is a retry."""
    return "fixed_params" in trial.system_attrs


def enqueued_params(trial: FrozenTrial) -> dict[str, Any]:
    """What the user has fixed of this trial (``enqueue_trial``)."""
    return dict(trial.system_attrs.get("fixed_params") or {})


def constraints_of(trial: FrozenTrial) -> tuple[float, ...]:
    """The trial's constraints, each met where it is not positive; Optuna 5 names them, 4 does not.

    ``FrozenTrial.constraints`` is public from 5.0 on and reads both forms.
    """
    if not any(key.startswith("constraints") for key in trial.system_attrs):
        return ()  # cheaper than asking for a dictionary of none
    if hasattr(trial, "constraints"):
        return tuple(trial.constraints.values())
    return tuple(trial.system_attrs.get("constraints") or ())


def memory_storage(study: Study) -> InMemoryStorage | None:
    """The study's storage if it is Optuna's own in memory."""
    storage = storage_of(study)
    return storage if type(storage) is InMemoryStorage else None


def database_engine(study: Study) -> Any:
    """SQLAlchemy's engine of the storage, if there is one that other processes can reach."""
    engine = getattr(getattr(storage_of(study), "_backend", None), "engine", None)
    if engine is None or engine.url.database in (None, "", ":memory:"):
        return None
    return engine


def storage_file(study: Study) -> Path | None:
    """The file that is the study's storage: an SQLite database or a journal; else None."""
    engine = database_engine(study)
    if engine is not None:
        is_file = engine.url.get_backend_name() == "sqlite"
        return Path(engine.url.database).absolute() if is_file else None
    journal = getattr(getattr(storage_of(study), "_backend", None), "_file_path", None)
    return None if journal is None else Path(journal).absolute()


def storage_in_memory(study: Study) -> BaseStorage | None:
    """The study's storage if no other process can reach it."""
    storage = memory_storage(study)
    if storage is not None:
        return storage
    has_engine = hasattr(getattr(storage_of(study), "_backend", None), "engine")
    return storage_of(study) if has_engine and database_engine(study) is None else None


def database_tables() -> tuple[Any, Any] | None:
    """The tables of trials and of their user attributes, or None if Optuna has others."""
    try:
        from optuna.storages._rdb import models

        tables = (models.TrialModel, models.TrialUserAttributeModel)
    except (ImportError, AttributeError):
        return None
    needed = (("trial_id", "number", "state", "study_id"), ("trial_id", "key", "value_json"))
    complete = all(
        hasattr(table, name) for table, names in zip(tables, needed, strict=True) for name in names
    )
    if not complete or database_times(tables[0]) is None:
        return None
    return tables


def database_times(trials: Any) -> tuple[Any, Any, bool] | None:
    """The columns of a trial's start and end, and whether they are in UTC; None if there are none.

    Optuna 5 stores UTC in columns that its class of trials hides behind properties; Optuna 4
    stores local time.
    """
    hidden = [getattr(trials, f"_{name}_utc", None) for name in _TIMES]
    if all(column is not None for column in hidden):
        return hidden[0], hidden[1], True
    shown = [getattr(trials, name, None) for name in _TIMES]
    if any(column is None or isinstance(column, property) for column in shown):
        return None
    return shown[0], shown[1], False


def _private(holder: Any, name: str) -> Any:
    try:
        return getattr(holder, name)
    except AttributeError:
        raise ImportError(_missing("eahas_plugins", f"{type(holder).__name__}.{name}")) from None


def _missing(owner: str, name: str) -> str:
    return (
        f"{owner} needs {name}, which Optuna {optuna.__version__} does not have: "
        f"pip install 'optuna>={CHECKED_VERSIONS[0]},<6'"
    )
