"""Shows a budget: study attributes that dashboards read, and a progress bar in kWh."""

from __future__ import annotations

import atexit
import math
import threading
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from optuna.study import Study

from eahas_plugins.budget.attributes import (
    CAP_ATTR,
    LEFT_OUT_ATTR,
    RESERVED_ATTR,
    SPENT_ATTR,
    TOLD_ATTR,
    known_kwh,
)
from eahas_plugins.budget.balance import Balance
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.units import energy_text, share_text

if TYPE_CHECKING:
    from rich.progress import Progress

_NEWS, _OLD_S = 0.01, 60.0
"""What people see is written again when so much of the cap is new, or it is so old: each write to a
database takes milliseconds."""

SPENT_CO2E_ATTR = "energy_spent_kg_co2e"
"""Study attribute: emissions of all trials so far, kg CO2 equivalent."""


class BudgetDisplay(LocalState):
    """What a budget shows of itself. Samplers read the cap, and what does not count.

    Args:
        g_per_kwh: Intensity of the grid, g CO2 equivalent per kWh; None shows no emissions.
        show_progress: Whether to draw a progress bar.
    """

    def __init__(self, *, g_per_kwh: float | None, show_progress: bool) -> None:
        self._g_per_kwh = g_per_kwh
        self._show_progress = show_progress
        self._make_local()

    def _make_local(self) -> None:
        self._written: WeakKeyDictionary[Study, dict[str, float | None]] = WeakKeyDictionary()
        self._words: WeakKeyDictionary[Study, str] = WeakKeyDictionary()
        self._told: WeakKeyDictionary[Study, tuple[Balance, float]] = WeakKeyDictionary()
        self._bars: WeakKeyDictionary[Study, Any] = WeakKeyDictionary()
        self._progress: Progress | None = None
        self._lock = threading.Lock()

    def update(
        self, study: Study, balance: Balance, *, left_out_kwh: float, ends: bool = False
    ) -> None:
        """Show a balance.

        Args:
            study: The study.
            balance: Its balance.
            left_out_kwh: Energy of its trials that does not count, kWh.
            ends: Whether the study ends.
        """
        values: dict[str, float | None] = {LEFT_OUT_ATTR: left_out_kwh}
        # not known yet, it is not that of the budget before either
        values[CAP_ATTR] = balance.cap_kwh if balance.cap_kwh < math.inf else None
        is_news = self._is_news(study, balance, ends=ends)
        if is_news:
            values |= {SPENT_ATTR: balance.spent_kwh, RESERVED_ATTR: balance.reserved_kwh}
            if self._g_per_kwh is not None:
                values[SPENT_CO2E_ATTR] = balance.spent_kwh * self._g_per_kwh / 1000.0
        if study not in self._written:
            attrs = study.user_attrs
            left_out = known_kwh(attrs.get(LEFT_OUT_ATTR)) or 0.0  # seldom any to write
            cap = known_kwh(attrs.get(CAP_ATTR))
            self._written[study] = {LEFT_OUT_ATTR: left_out, CAP_ATTR: cap}
        written = self._written[study]
        for key, value in values.items():
            if key not in written or not _is_same(written[key], value):
                study.set_user_attr(key, value)
                written[key] = value
        if is_news:
            words = f"{_told(balance)} spent"
            if self._words.get(study) != words:
                study.set_user_attr(TOLD_ATTR, words)
            self._words[study], self._told[study] = words, (balance, time.monotonic())
        if self._show_progress:
            with self._lock:
                self._draw(study, balance)

    def _is_news(self, study: Study, balance: Balance, *, ends: bool) -> bool:
        """Whether people who look at the study should see the balance now."""
        if ends or study not in self._told:
            return True
        told, at_s = self._told[study]
        if told.cap_kwh != balance.cap_kwh or time.monotonic() - at_s >= _OLD_S:
            return True
        least_kwh = _NEWS * (balance.cap_kwh if balance.cap_kwh < math.inf else balance.spent_kwh)
        changes = (balance.spent_kwh - told.spent_kwh, balance.reserved_kwh - told.reserved_kwh)
        return any(abs(change_kwh) >= least_kwh > 0.0 for change_kwh in changes)

    def _draw(self, study: Study, balance: Balance) -> None:
        if self._progress is None:
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("energy"),
                BarColumn(),
                TextColumn("{task.fields[text]}"),
                TimeRemainingColumn(),
                auto_refresh=False,
            )
            self._progress.start()  # one for all studies: a terminal has room for one
            atexit.register(self.close)
        if study not in self._bars:
            self._bars[study] = self._progress.add_task("energy", text="")
        known = balance.cap_kwh < math.inf
        self._progress.update(
            self._bars[study],
            total=balance.cap_kwh if known else None,
            completed=min(balance.spent_kwh, balance.cap_kwh),
            text=_told(balance),
            refresh=True,
        )

    def close(self, study: Study | None = None) -> None:
        """Give the terminal back, once no other study is shown.

        Args:
            study: The study that has ended; None for all.
        """
        with self._lock:
            if study is None:
                self._bars.clear()
            else:
                self._bars.pop(study, None)
            if self._progress is not None and not self._bars:
                self._progress.stop()
                self._progress = None
                atexit.unregister(self.close)


def _is_same(told: float | None, value: float | None) -> bool:
    """Whether a number is no news: the same sum in another order is none."""
    if told is None or value is None:
        return told is value
    return math.isclose(told, value, rel_tol=1e-12)


def _told(balance: Balance) -> str:
    """What is spent of the cap, once that is known, in the unit in which it reads well."""
    if balance.cap_kwh < math.inf:
        return share_text(balance.spent_kwh, balance.cap_kwh)
    return energy_text(balance.spent_kwh)
