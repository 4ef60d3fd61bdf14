"""How often the energy of a running trial is written, where a write to the storage is dear."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from optuna.pruners import (
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)
from optuna.trial import BaseTrial, Trial

_CHEAP_S = 5e-4
"""A write that takes less CPU time is made at every report: one to a study in memory takes 20 us,
one to SQLite 3 ms."""
_SHARE = 0.002
"""Part of the process's CPU time that writes of a trial's energy may take."""
_LONGEST_S = 2.0
_BLIND_PRUNERS = (
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
    WilcoxonPruner,
)


class WritePace:
    """Whether a report's energy may wait for the next report.

    It may for two seconds at most, and only where nobody would decide otherwise by it: far from the
    end of the budget, and with a pruner that looks at values alone. A killed worker loses no more.

    Args:
        trial: The trial.
    """

    def __init__(self, trial: BaseTrial) -> None:
        self._trial = trial
        # every rank of a distributed trial writes at once, or all wait for ever
        known = isinstance(trial, Trial) and type(trial.study.pruner) in _BLIND_PRUNERS
        self._cost_s = 0.0 if known else None
        self._last_s = self._last_cpu_s = 0.0

    def may_wait(self, energy_kwh: float, *, ends_soon: bool = False) -> bool:
        """Whether a trial need not say yet what it has used.

        Args:
            energy_kwh: What it has used, kWh.
            ends_soon: Whether its training is complete, so that its end says so.
        """
        cost_s = self._cost_s
        if cost_s is None or cost_s < _CHEAP_S:
            return False
        if time.monotonic() - self._last_s >= _LONGEST_S:
            return False
        if not ends_soon and time.process_time() - self._last_cpu_s >= cost_s / _SHARE:
            return False
        ask: Any = getattr(self._trial, "may_wait", None)  # a guarded trial knows of a budget
        return ask is None or bool(ask(energy_kwh))

    def write(self, write: Callable[[], object]) -> None:
        """Write, and see what it takes."""
        start_s = time.thread_time()
        try:
            write()
        finally:
            self._last_s, self._last_cpu_s = time.monotonic(), time.process_time()
            if self._cost_s is not None:
                self._cost_s = time.thread_time() - start_s
