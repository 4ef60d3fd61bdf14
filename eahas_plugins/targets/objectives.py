"""What a target tells its host: the error, or error and energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from eahas_plugins.budget.attributes import ENERGY_ATTR

Objectives = Literal["error"] | Sequence[str]
ERROR = "error"
BOTH = (ERROR, ENERGY_ATTR)


def check_objectives(objectives: Objectives) -> tuple[str, ...]:
    """The objectives' names in order.

    Raises:
        ValueError: If they are neither the error nor error and energy.
    """
    names = (objectives,) if isinstance(objectives, str) else tuple(objectives)
    if names not in ((ERROR,), BOTH):
        raise ValueError(f"objectives must be {ERROR!r} or {BOTH} but got {objectives!r}.")
    return names


def cost_of(
    accuracy: float, energy_kwh: float, objectives: tuple[str, ...]
) -> float | dict[str, float]:
    """The cost or loss: the error, or error and energy of the whole training."""
    if len(objectives) == 1:
        return 1.0 - accuracy
    return {ERROR: 1.0 - accuracy, ENERGY_ATTR: energy_kwh}
