"""What a target knows of a trial before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyEstimate:
    """What a trial is expected to need before it starts.

    Args:
        total_kwh: Energy of the whole trial, kWh; None if unknown.
        first_kwh: Energy below which it cannot even begin (its first epoch), kWh; None if unknown.
    """

    total_kwh: float | None
    first_kwh: float | None = None


@runtime_checkable
class EstimatesEnergy(Protocol):
    """A target that knows in advance what a trial needs."""

    def estimate(
        self, config: Mapping[str, Any], *, seed: int | None, budget: float | None, paid_kwh: float
    ) -> EnergyEstimate:
        """What a trial is expected to need."""
