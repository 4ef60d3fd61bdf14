"""What a target tells its host: the cost, or cost and energy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from eahas_plugins.budget.attributes import ENERGY_ATTR

Objectives = Literal["error"] | Sequence[str]
ERROR = "error"
BOTH = (ERROR, ENERGY_ATTR)


def check_objectives(objectives: Objectives, *, cost_name: str = ERROR) -> tuple[str, ...]:
    """The objectives' names in order.

    Args:
        objectives: What the user has asked for.
        cost_name: What the cost may be called.

    Raises:
        ValueError: If they are neither the cost nor cost and energy.
    """
    names = (objectives,) if isinstance(objectives, str) else tuple(objectives)
    if names not in ((cost_name,), (cost_name, ENERGY_ATTR)):
        raise ValueError(
            f"objectives must be {cost_name!r} or {(cost_name, ENERGY_ATTR)} but got "
            f"{objectives!r}."
        )
    return names


def cost_of(
    cost: float, energy_kwh: float, objectives: tuple[str, ...]
) -> float | dict[str, float]:
    """What the host gets: the cost, or cost and energy of the whole training."""
    if len(objectives) == 1:
        return cost
    return {objectives[0]: cost, ENERGY_ATTR: energy_kwh}
