"""How a worker waits for others to give energy back."""

from __future__ import annotations

import threading
from collections.abc import Callable

from eahas_plugins.optuna.budget.rules import BudgetRules

_FIRST_S, _LONGEST_S, _GROWTH = 0.01, 1.0, 1.5
_SAY_AFTER_S = 5.0
_IN_THREAD_S = 60.0


class Patience:
    """Waits in pauses that grow to a second; Ctrl-C ends a wait of the main thread at once.

    Other threads, which hear of no Ctrl-C, come back to Optuna's loop at least once a minute.

    Args:
        rules: Rules of the budget, which know how to sleep.
        say: Called once when the wait gets long.
    """

    def __init__(self, rules: BudgetRules, say: Callable[[], None] | None = None) -> None:
        self._rules = rules
        self._say = say
        self._pause_s = _FIRST_S
        self._waited_s = 0.0
        in_main = threading.current_thread() is threading.main_thread()
        self._longest_s = float("inf") if in_main else _IN_THREAD_S

    def wait(self) -> bool:
        """Pause once; False if this thread has waited long enough."""
        if self._waited_s >= self._longest_s:
            return False
        self._rules.sleep(self._pause_s)
        self._waited_s += self._pause_s
        self._pause_s = min(_GROWTH * self._pause_s, _LONGEST_S)
        if self._say is not None and self._waited_s >= _SAY_AFTER_S:
            self._say()
            self._say = None
        return True
