"""What the latest trials of a study needed, by which the end is told from a dear trial."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from eahas_plugins.budget.attributes import RESERVED_ATTR, STEP_ATTR, known_kwh
from eahas_plugins.budget.balance import ROUNDING, Balance
from eahas_plugins.optuna.budget.readers import STOPPED_ATTR

_N_LATEST = 20
_N_MISFITS = 5


class Needs:
    """Needs of the latest trials, refused ones too, as the storage tells them to every worker."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=_N_LATEST)
        self._n_misfits = 0  # refused in a row, with nobody in the way

    def learn(self, attrs: Mapping[str, Any], energy_kwh: float) -> None:
        """Learn from a trial that has finished.

        Args:
            attrs: Its user attributes.
            energy_kwh: What it has spent, kWh.
        """
        stopped = attrs.get(STOPPED_ATTR)
        if not energy_kwh and isinstance(stopped, dict):
            if stopped.get("by") != "no_room":
                return  # nobody knows what it would have needed
            needed, available, spent, cap = (
                known_kwh(stopped.get(f"{name}_kwh")) or 0.0
                for name in ("needed", "available", "spent", "cap")
            )
            self._n_misfits += available >= cap - spent - ROUNDING * cap
            self._latest.append(needed)
        elif energy_kwh:
            self._n_misfits = 0
            self._latest.append(known_kwh(attrs.get(RESERVED_ATTR)) or energy_kwh)

    def may_fit(self, balance: Balance, available_kwh: float) -> bool:
        """Whether the next trial may need no more than this, as far as anybody can tell."""
        unknown = len(self._latest) < _N_MISFITS
        return unknown or any(balance.covers(available_kwh, kwh) for kwh in self._latest)

    def nothing_fits(self, balance: Balance) -> bool:
        """Whether nothing that is likely to be proposed can be paid.

        None of the latest trials could be, and some of them have been refused for it: a sampler
        that learns to be thrifty has had its chance.
        """
        return (
            self._n_misfits >= _N_MISFITS
            and len(self._latest) == _N_LATEST
            and not self.may_fit(balance, balance.remaining_kwh)
        )


def expected_kwh_of(attrs: Mapping[str, Any]) -> float | None:
    """What a trial that reported nothing may have burnt, as it said itself, kWh."""
    return known_kwh(attrs.get(STEP_ATTR)) or known_kwh(attrs.get(RESERVED_ATTR))
