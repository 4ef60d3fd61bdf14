"""Opening a study that is in a storage, only to read it."""

from __future__ import annotations

from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study

from eahas_plugins.optuna.budget.messages import error_line
from eahas_plugins.report.run import SeveralStudiesError

_SQLITE = b"SQLite format 3\x00"
_JOURNAL = b"{"


def load_study(storage: str, name: str | None = None) -> Study:
    """The study in a storage. Nothing is created, and nothing is unpickled.

    Args:
        storage: A URL of a database, or the file of an SQLite database or of Optuna's journal.
        name: Which study, if there are several.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no storage of Optuna's, cannot be reached, or has no such study.
    """
    opened = _open(storage)
    try:
        names = optuna.get_all_study_names(opened)
    except Exception as error:
        raise ValueError(
            f"{_shown(storage)} must be a storage of Optuna's: {_line(error)}"
        ) from None
    if not names:
        raise ValueError(f"{_shown(storage)} must hold a study but holds none.")
    listed = ", ".join(map(repr, names))
    if name is None and len(names) > 1:
        raise SeveralStudiesError(f"{_shown(storage)} holds the studies", names)
    if name is not None and name not in names:
        raise ValueError(f"{_shown(storage)} must hold the study {name!r} but holds {listed}.")
    return optuna.load_study(study_name=name or names[0], storage=opened)


def _open(storage: str) -> BaseStorage:
    if "://" not in storage:
        return _open_file(Path(storage))
    if storage.startswith("sqlite:///"):
        path = Path(storage.removeprefix("sqlite:///").partition("?")[0])
        if not path.is_file():
            raise FileNotFoundError(f"there must be a database but there is no file {path}.")
    try:
        return RDBStorage(storage, skip_table_creation=True)
    except Exception as error:
        raise ValueError(f"{_shown(storage)} cannot be opened: {_line(error)}") from None


def _open_file(path: Path) -> BaseStorage:
    with path.open("rb") as file:
        begin = file.read(len(_SQLITE))
    if begin == _SQLITE:
        return _open(f"sqlite:///{path.absolute()}")
    if not begin.startswith(_JOURNAL):
        raise ValueError(
            f"{path} must be an SQLite database or a journal of Optuna's but is neither."
        )
    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except Exception as error:
        raise ValueError(f"{path} must be a journal of Optuna's: {_line(error)}") from None


def _shown(storage: str) -> str:
    """The storage without the password of its URL."""
    scheme, separator, rest = storage.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else storage


def _line(error: BaseException) -> str:
    if isinstance(error, StorageInternalError) and error.__cause__ is not None:
        error = error.__cause__  # Optuna's own words only guess
    return error_line(error)
