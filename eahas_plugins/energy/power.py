"""Energy where only power can be read: the sum of many samples of it."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable

from eahas_plugins.energy.background import keep_reading

SAMPLE_EVERY_S = 0.1
_MOST_WATTS = 1e5  # of one device; above it lies what drivers answer for "no value"


class PowerIntegral:
    """Joules since it was made, from power sampled in the background (trapezoidal rule).

    Args:
        read_watts: Returns the power at this moment, W.
        every_s: How often it is asked, seconds.
    """

    def __init__(self, read_watts: Callable[[], float], *, every_s: float = SAMPLE_EVERY_S) -> None:
        self._read_watts = read_watts
        self._every_s = every_s
        self._joules = 0.0
        self._last_watts = self._watts()
        self._last_s = time.monotonic()
        self._watch()

    def read(self) -> float:
        """Return the joules so far.

        Raises:
            Exception: Whatever the device raises if it does not answer.
            ValueError: If what it answers is no power. The next reading makes up for it.
        """
        if os.getpid() != self._pid:  # threads and held locks do not survive a fork
            self._watch()
        with self._lock:
            watts, now_s = self._watts(), time.monotonic()
            self._joules += (now_s - self._last_s) * (self._last_watts + watts) / 2.0
            self._last_watts, self._last_s = watts, now_s
            return self._joules

    def _watts(self) -> float:
        """Return the power at this moment.

        Raises:
            ValueError: If it is none.
        """
        watts = self._read_watts()
        if not (math.isfinite(watts) and 0.0 <= watts <= _MOST_WATTS):
            raise ValueError(f"{watts:g} W is no power of a device")
        return watts

    def _watch(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        keep_reading(self, self._every_s)
