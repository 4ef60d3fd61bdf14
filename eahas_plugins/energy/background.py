"""A thread that reads a meter again and again, and ends with it."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from typing import Protocol


class _Readable(Protocol):
    def read(self) -> object: ...


def keep_reading(meter: _Readable, every_s: float) -> None:
    """Read a meter every ``every_s`` seconds, in a daemon thread, as long as anybody holds it.

    Where no thread can be started (a limit of the container) it is read only when somebody asks.
    """
    thread = threading.Thread(target=_read_on, args=(weakref.ref(meter), every_s), daemon=True)
    with contextlib.suppress(RuntimeError):
        thread.start()


def _read_on(meter: weakref.ref[_Readable], every_s: float) -> None:
    while True:
        time.sleep(every_s)
        alive = meter()
        if alive is None:
            return
        with contextlib.suppress(Exception):  # the next reading in the foreground says so
            alive.read()
        del alive
