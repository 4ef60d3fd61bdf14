"""When a study has gained too little, or nothing at all, and the line that ends it."""

from __future__ import annotations

import contextlib
import math
import threading
from weakref import WeakKeyDictionary

from optuna.study import Study

from eahas_plugins.arguments import check_numbers, given
from eahas_plugins.budget.attributes import kwh_argument
from eahas_plugins.budget.balance import Balance
from eahas_plugins.optuna._local_state import LocalState
from eahas_plugins.optuna.budget.failures import Failures
from eahas_plugins.optuna.budget.messages import say, warn
from eahas_plugins.optuna.budget.stagnation import is_stagnant
from eahas_plugins.optuna.budget.summary import Outcome, summary
from eahas_plugins.units import energy_text

_WINDOW_SHARE = 0.2  # of the cap


class Ending(LocalState):
    """The end of studies, each told once.

    Args:
        min_gain_per_kwh: The least gain of the best value per kWh; None asks for none.
        gain_window_kwh: Over which energy it must be gained, kWh; None for a fifth of the cap.

    Raises:
        ValueError: If an argument is out of range (NaN included).
    """

    def __init__(self, *, min_gain_per_kwh: float | None, gain_window_kwh: float | None) -> None:
        check_numbers(**given(min_gain_per_kwh=min_gain_per_kwh))
        if min_gain_per_kwh is not None and not 0.0 < min_gain_per_kwh < math.inf:
            raise ValueError(f"`min_gain_per_kwh` must be positive but got {min_gain_per_kwh}.")
        if gain_window_kwh is not None:
            gain_window_kwh = kwh_argument("gain_window_kwh", gain_window_kwh)
        self._min_gain_per_kwh = min_gain_per_kwh
        self._gain_window_kwh = gain_window_kwh
        self._failures = Failures()
        self._make_local()

    def _make_local(self) -> None:
        self._lock = threading.Lock()
        self._told: WeakKeyDictionary[Study, float] = WeakKeyDictionary()  # at which cap, kWh

    def check(self, study: Study) -> None:
        """Check that the study is one whose gain can be told, and begin to count its failures.

        Raises:
            ValueError: If a gain is asked for and the study has several objectives.
        """
        if self._min_gain_per_kwh is not None and len(study.directions) > 1:
            raise ValueError(
                "`min_gain_per_kwh` needs a study with one objective but this one has "
                f"{len(study.directions)}; leave it out."
            )
        self._failures.watch(study)

    def reason(self, study: Study, *, cap_kwh: float, outcome: Outcome | None) -> str | None:
        """Why the study should end although energy is left, in words, if it should.

        Args:
            study: The study.
            cap_kwh: Its budget, kWh.
            outcome: The trial that is about to be told, if there is one.
        """
        return self._failures.in_vain(study, outcome) or self._stagnation(study, cap_kwh=cap_kwh)

    def _stagnation(self, study: Study, *, cap_kwh: float) -> str | None:
        if self._min_gain_per_kwh is None:
            return None
        window_kwh = self._gain_window_kwh or _WINDOW_SHARE * cap_kwh
        stagnant = is_stagnant(
            (t for t in study.get_trials(deepcopy=False) if t.state.is_finished()),
            study.direction,
            min_gain_per_kwh=self._min_gain_per_kwh,
            window_kwh=window_kwh,
        )
        if not stagnant:
            return None
        return (
            f"the best value gained less than {self._min_gain_per_kwh:g} per kWh over the last "
            f"{energy_text(window_kwh)}"
        )

    def tell(self, study: Study, balance: Balance, *, reason: str, outcome: Outcome | None) -> None:
        """Tell the end of a study, once for each cap."""
        with self._lock:
            known = self._told.get(study) == balance.cap_kwh
            self._told[study] = balance.cap_kwh
        if not known:
            in_vain = self._failures.in_vain(study, outcome) is not None
            (warn if in_vain else say)(summary(study, balance, reason=reason, outcome=outcome))

    def stop(self, study: Study) -> None:
        """Stop a study; if it is run again it may fail as often again."""
        with contextlib.suppress(RuntimeError):  # outside `optimize`, where none is to stop
            study.stop()
            self._failures.forget(study)
