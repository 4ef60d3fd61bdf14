"""Opening a database that other workers may be making at the same moment."""

from __future__ import annotations

import random
import time

from optuna.storages import BaseStorage, RDBStorage

ATTEMPTS = 50
PAUSE_S = 0.2


def open_storage(storage: str | BaseStorage | None) -> str | BaseStorage | None:
    """Return the storage at a URL, or what is given.

    Optuna (5.0) looks which tables are missing and then makes them: of workers that start together
    on an empty database all but one find that another one has just made what they were making.
    They look again.
    """
    if not isinstance(storage, str) or storage.startswith("redis"):
        return storage  # which Optuna refuses
    from sqlalchemy.exc import DBAPIError, IntegrityError

    for _ in range(ATTEMPTS):
        try:
            return RDBStorage(storage)
        except DBAPIError as error:
            if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                raise
        time.sleep(random.uniform(0.0, PAUSE_S))
    return RDBStorage(storage)
